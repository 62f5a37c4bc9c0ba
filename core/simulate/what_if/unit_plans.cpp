#include "core/simulate/what_if/unit_plans.h"

#include <algorithm>

#include "core/placement/rules/slot_shares.h"
#include "core/placement/solve/shared_expert.h"
#include "core/placement/solve/solve.h"

namespace moescope {
namespace {

constexpr std::size_t kMostKept = 64;

}  // namespace

LoadSet even_loads(const ModelShape& model, int layers) {
  LoadSet loads;
  loads.source = "even loads";
  loads.experts = model.experts;
  loads.top_k = model.top_k;
  loads.windows = {LayerLoads(static_cast<std::size_t>(layers > 0 ? layers : model.moe_layers()),
                              std::vector<double>(static_cast<std::size_t>(model.experts), 1000))};
  return loads;
}

Plan plan_for(const ServingUnit& unit, const ModelShape& model, const LoadSet& loads,
              std::pair<int, int> windows, Progress& progress) {
  SolveOptions options;
  options.gpus = unit.gpus;
  options.nodes = unit.nodes;
  options.slot_count = unit.slot_count;
  options.layer_ids = loads.layer_ids;
  auto sum = sum_windows(loads, windows.first, windows.second);
  const std::size_t layers = sum.size();
  const bool alike =
      std::all_of(sum.begin(), sum.end(), [&](const auto& row) { return row == sum.front(); });
  if (alike && layers > 1) {
    sum.resize(1);
    options.layer_ids.clear();
  }
  if (unit.shared_routed) {
    sum = with_shared_expert(sum, model.top_k);
    std::vector<int> hosts;
    for (int g = unit.gpus - std::min(unit.shared_gpus, unit.gpus); g < unit.gpus; ++g)
      hosts.push_back(g);
    keep_on(options, model.experts, hosts);
  } else {
    options.groups = model.groups;
    if (model.groups % unit.nodes == 0 && unit.nodes > 1) options.hierarchy = Hierarchy::Soft;
  }
  auto plan = solve_plan({sum}, options, progress).plan;
  progress.check();  // a search that was cut short has a plan, but not the one that was asked for
  const auto row = plan.physical_to_logical.front();
  plan.physical_to_logical.resize(layers, row);
  plan.layer_ids = loads.layer_ids;
  return plan;
}

Plan ruled_plan(Plan plan, ReplicaRule rule, const LoadSet& loads, const ModelShape& model) {
  RuleLoads known;
  known.loads = sum_windows(loads, 0, static_cast<int>(loads.windows.size()));
  if (plan.num_experts == model.experts + 1)
    known.loads = with_shared_expert(known.loads, model.top_k);
  else
    known.by_source = sources_of_plan(loads, plan);
  return under_rule(std::move(plan), rule, known);
}

std::pair<int, int> windows_to_plan_from(const LoadSet& loads) {
  return {0, std::max(1, static_cast<int>(loads.windows.size()) / 2)};
}

UnitPlans::LoadsPtr UnitPlans::even(const ModelShape& model, int layers) {
  auto loads = std::make_shared<const LoadSet>(even_loads(model, layers));
  const std::lock_guard lock(mutex_);
  for (const auto& made : made_)
    if (!made.plan && made.model == model.name && made.loads->windows == loads->windows)
      return made.loads;
  made_.push_back({.loads = loads, .model = model.name});
  return loads;
}

std::shared_ptr<const Plan> UnitPlans::plan(const ServingUnit& unit, const ModelShape& model,
                                            const LoadsPtr& loads, Progress& progress) {
  Made wanted{loads,      model.name,      unit.gpus,
              unit.nodes, unit.slot_count, unit.shared_routed ? unit.shared_gpus : 0,
              nullptr};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& made : made_)
      if (made.plan && made.loads == loads && made.model == wanted.model &&
          made.gpus == wanted.gpus && made.nodes == wanted.nodes && made.slots == wanted.slots &&
          made.shared_gpus == wanted.shared_gpus)
        return made.plan;
  }
  wanted.plan = std::make_shared<const Plan>(
      plan_for(unit, model, *loads, windows_to_plan_from(*loads), progress));
  const std::lock_guard lock(mutex_);
  if (made_.size() >= kMostKept) made_.erase(made_.begin());
  return made_.emplace_back(std::move(wanted)).plan;
}

}  // namespace moescope
