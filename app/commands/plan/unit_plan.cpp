#include "app/commands/plan/unit_plan.h"

#include <algorithm>

#include "app/commands/command.h"
#include "core/placement/solve/shared_expert.h"
#include "core/placement/solve/solve.h"

namespace moescope {

LoadSet even_loads(const ModelShape& model) {
  LoadSet loads;
  loads.source = "even loads";
  loads.experts = model.experts;
  loads.top_k = model.top_k;
  loads.windows = {LayerLoads(static_cast<std::size_t>(model.moe_layers()),
                              std::vector<double>(static_cast<std::size_t>(model.experts), 1000))};
  return loads;
}

Plan plan_for(const ServingUnit& unit, const ModelShape& model, const LoadSet& loads,
              std::pair<int, int> windows) {
  SolveOptions options;
  options.gpus = unit.gpus;
  options.nodes = unit.nodes;
  options.slot_count = unit.slot_count;
  options.layer_ids = loads.layer_ids;
  auto sum = sum_windows(loads, windows.first, windows.second);
  if (unit.shared_routed) {
    sum = with_shared_expert(sum, model.top_k);
    std::vector<int> hosts;
    for (int g = unit.gpus - unit.shared_gpus; g < unit.gpus; ++g) hosts.push_back(g);
    keep_on(options, model.experts, hosts);
  } else {
    options.groups = model.groups;
    if (model.groups % unit.nodes == 0 && unit.nodes > 1) options.hierarchy = Hierarchy::Soft;
  }
  // Layers with equal loads are one problem: solved once.
  const std::size_t layers = sum.size();
  if (std::all_of(sum.begin(), sum.end(), [&](const auto& row) { return row == sum.front(); })) {
    sum.resize(1);
    options.layer_ids.clear();
  }
  auto plan = solve_plan({sum}, options, command_progress()).plan;
  plan.physical_to_logical.resize(layers, plan.physical_to_logical.front());
  plan.layer_ids = loads.layer_ids;
  return plan;
}

}  // namespace moescope
