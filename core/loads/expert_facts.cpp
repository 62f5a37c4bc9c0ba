#include "core/loads/expert_facts.h"

#include <algorithm>

#include "core/loads/metrics.h"
#include "core/placement/evaluate.h"

namespace moescope {
namespace {

using Index = std::size_t;

std::vector<double> weights_of(const Plan& plan, int layer) {
  return plan.replica_weight.empty() ? std::vector<double>()
                                     : plan.replica_weight[static_cast<Index>(layer)];
}

/// The slots of the layer that `takes` accepts, with their part of the load of their expert.
template <typename Takes>
std::vector<ReplicaFacts> replicas_of(const std::vector<double>& loads, const Plan& plan, int layer,
                                      Takes takes) {
  const std::vector<int>& row = plan.physical_to_logical[static_cast<Index>(layer)];
  const auto counts = replica_counts(row, plan.num_experts);
  const auto weights = weights_of(plan, layer);
  std::vector<ReplicaFacts> found;
  for (Index s = 0; s < row.size(); ++s) {
    const int slot = static_cast<int>(s), expert = row[s], gpu = plan.gpu_of(slot);
    if (expert == kNoExpert || !takes(expert, gpu)) continue;
    const double part = weights.empty() ? 1.0 / counts[static_cast<Index>(expert)] : weights[s];
    found.push_back({slot, gpu, plan.node_of_gpu(gpu), part * loads[static_cast<Index>(expert)]});
  }
  return found;
}

std::vector<double> gpu_tokens(const std::vector<double>& loads, const Plan& plan, int layer) {
  return gpu_loads(plan.physical_to_logical[static_cast<Index>(layer)], loads, plan.num_gpus,
                   weights_of(plan, layer));
}

/// Position of `layer` among `ids`; without ids rows are layers.
std::optional<int> row_of(const std::vector<int>& ids, int rows, int layer) {
  if (ids.empty()) return layer >= 0 && layer < rows ? std::optional(layer) : std::nullopt;
  const auto found = std::find(ids.begin(), ids.end(), layer);
  if (found == ids.end()) return std::nullopt;
  return static_cast<int>(found - ids.begin());
}

}  // namespace

LoadStanding standing_of(const std::vector<double>& values, int index) {
  const double own = values[static_cast<Index>(index)];
  const Unevenness all = unevenness(values);
  LoadStanding standing;
  standing.tokens = own;
  standing.of = static_cast<int>(values.size());
  standing.rank = 1 + static_cast<int>(std::count_if(values.begin(), values.end(),
                                                     [own](double other) { return other > own; }));
  if (all.total <= 0) return standing;
  standing.share = own / all.total;
  standing.over_mean = own / all.mean;
  return standing;
}

ExpertFacts expert_facts(const std::vector<double>& loads, const Plan& plan, int layer,
                         int expert) {
  return {standing_of(loads, expert),
          replicas_of(loads, plan, layer, [expert](int held, int) { return held == expert; })};
}

GpuFacts gpu_facts(const std::vector<double>& loads, const Plan& plan, int layer, int gpu) {
  GpuFacts facts;
  facts.standing = standing_of(gpu_tokens(loads, plan, layer), gpu);
  facts.node = plan.node_of_gpu(gpu);
  facts.dead = plan.dead(gpu);
  facts.replicas = replicas_of(loads, plan, layer, [gpu](int, int on) { return on == gpu; });
  const std::vector<int>& row = plan.physical_to_logical[static_cast<Index>(layer)];
  for (const ReplicaFacts& replica : facts.replicas)
    facts.experts.push_back(row[static_cast<Index>(replica.slot)]);
  return facts;
}

LayerFacts layer_facts(const std::vector<double>& loads, const Plan& plan, int layer) {
  const std::vector<double> gpus = gpu_tokens(loads, plan, layer);
  std::vector<double> live;
  for (int gpu = 0; gpu < plan.num_gpus; ++gpu)
    if (!plan.dead(gpu)) live.push_back(gpus[static_cast<Index>(gpu)]);
  const Unevenness experts = unevenness(loads);
  LayerFacts facts;
  facts.tokens = experts.total;
  facts.imbalance = unevenness(live).max_over_mean;
  facts.expert_imbalance = experts.max_over_mean;
  facts.heaviest_gpu = hottest(gpus, 1).front();
  facts.hottest = hottest(loads, 1).front();
  facts.hottest_over_mean = standing_of(loads, facts.hottest).over_mean;
  return facts;
}

std::optional<int> row_of_layer(const LoadSet& loads, int layer) {
  return row_of(loads.layer_ids, loads.layers(), layer);
}

std::optional<int> row_of_layer(const Plan& plan, int layer) {
  return row_of(plan.layer_ids, plan.layers(), layer);
}

int layer_of_row(const LoadSet& loads, int row) {
  return loads.layer_ids.empty() ? row : loads.layer_ids[static_cast<Index>(row)];
}

}  // namespace moescope
