#include "core/analysis/plan_effect.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/placement/evaluate.h"

namespace moescope {
namespace {

std::optional<double> max_over_mean(const std::vector<double>& loads) {
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  if (loads.empty() || sum <= 0) return std::nullopt;
  return *std::max_element(loads.begin(), loads.end()) * static_cast<double>(loads.size()) / sum;
}

/// Row of `set` that holds the loads of plan row `layer`; -1: none.
int row_of(const LoadSet& set, const Plan& plan, int layer) {
  if (set.layer_ids.empty() || plan.layer_ids.empty()) return layer < set.layers() ? layer : -1;
  const auto found = std::find(set.layer_ids.begin(), set.layer_ids.end(), plan.layer_id(layer));
  return found == set.layer_ids.end() ? -1 : static_cast<int>(found - set.layer_ids.begin());
}

std::set<int> experts_on(const Plan& plan, std::size_t layer, int gpu) {
  const auto& row = plan.physical_to_logical[layer];
  const auto first = row.begin() + static_cast<std::ptrdiff_t>(gpu) * plan.slots_per_gpu();
  return {first, first + plan.slots_per_gpu()};
}

int missing(const std::set<int>& wanted, const std::set<int>& there) {
  return static_cast<int>(std::count_if(wanted.begin(), wanted.end(), [&](int expert) {
    return expert != kNoExpert && !there.contains(expert);
  }));
}

}  // namespace

std::optional<double> mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  const double mean = *mean_of(values);
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

std::optional<bool> EffectFigure::below_noise() const {
  if (!before || !predicted || !error) return std::nullopt;
  return std::abs(*predicted - *before) <= *error;
}

std::optional<double> predicted_imbalance(const std::vector<std::shared_ptr<const LoadSet>>& sets,
                                          int windows, const Plan& plan, int skip) {
  std::vector<double> values;
  for (const auto& shared : sets) {
    const LoadSet& set = *shared;
    const int last = static_cast<int>(set.windows.size()) - skip;
    if (set.experts != plan.num_experts || last <= 0) continue;
    const LayerLoads loads = sum_windows(set, std::max(0, last - windows), last);
    for (int layer = 0; layer < plan.layers(); ++layer) {
      const int row = row_of(set, plan, layer);
      if (row < 0) continue;
      const auto at = static_cast<std::size_t>(layer);
      const auto value = max_over_mean(gpu_loads(
          plan.physical_to_logical[at], loads[static_cast<std::size_t>(row)], plan.num_gpus,
          plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[at]));
      if (value) values.push_back(*value);
    }
  }
  return mean_of(values);
}

std::optional<double> mean_decode_step(const std::vector<ServedStep>& steps, TimeRange range) {
  std::vector<double> lengths;
  for (const ServedStep& step : steps)
    if (step.decode && step.begin >= range.begin && step.begin < range.end)
      lengths.push_back(static_cast<double>(step.end - step.begin));
  return mean_of(lengths);
}

std::vector<GpuMoves> moves_by_gpu(const Plan& from, const Plan& to) {
  std::vector<GpuMoves> moves;
  if (from.num_gpus != to.num_gpus || from.layers() != to.layers()) return moves;
  for (int gpu = 0; gpu < to.num_gpus; ++gpu) {
    GpuMoves made{gpu, 0, 0};
    for (std::size_t layer = 0; layer < to.physical_to_logical.size(); ++layer) {
      const auto before = experts_on(from, layer, gpu), after = experts_on(to, layer, gpu);
      made.takes += missing(after, before);
      made.gives += missing(before, after);
    }
    if (made.takes + made.gives > 0) moves.push_back(made);
  }
  return moves;
}

}  // namespace moescope
