#include "core/loads/balance.h"

#include <algorithm>
#include <numeric>

#include "core/loads/expert_facts.h"
#include "core/parallel.h"
#include "core/placement/bounds.h"

namespace moescope {
namespace {

using Index = std::size_t;

/// Loads of the GPUs that are alive.
std::vector<double> live_loads(const Plan& plan, Index layer, const std::vector<double>& loads) {
  auto gpus =
      gpu_loads(plan.physical_to_logical[layer], loads, plan.num_gpus,
                plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[layer]);
  for (auto dead = plan.dead_gpus.rbegin(); dead != plan.dead_gpus.rend(); ++dead)
    gpus.erase(gpus.begin() + *dead);
  return gpus;
}

}  // namespace

std::vector<double> layer_balance(const LayerLoads& loads, const Plan* plan, BalanceMetric metric) {
  std::vector<double> result;
  for (Index l = 0; l < loads.size(); ++l)
    result.push_back(
        value_of(unevenness(plan == nullptr ? loads[l] : live_loads(*plan, l, loads[l])), metric));
  return result;
}

WindowBalance balance_over_windows(const LoadSet& loads, const Plan& plan, BalanceMetric metric,
                                   Progress& progress) {
  WindowBalance result(loads.windows.size());
  parallel_for(loads.windows.size(), [&](Index w) {
    progress.check();
    result[w] = layer_balance(loads.windows[w], &plan, metric);
  });
  return result;
}

WindowBalance measured_balance(const LoadSet& loads, BalanceMetric metric) {
  WindowBalance result;
  for (const auto& window : loads.measured) {
    auto& layers = result.emplace_back();
    for (const auto& gpus : window) layers.push_back(value_of(unevenness(gpus), metric));
  }
  return result;
}

std::optional<double> newest_imbalance(const LoadSet& loads, int count) {
  const auto& measured = loads.measured;
  if (measured.empty() || measured.back().empty()) return std::nullopt;
  const std::size_t first =
      measured.size() - std::min(measured.size(), static_cast<std::size_t>(std::max(count, 1)));
  double total = 0;
  for (std::size_t layer = 0; layer < measured.back().size(); ++layer) {
    std::vector<double> sum(measured.back()[layer].size());
    for (std::size_t window = first; window < measured.size(); ++window)
      for (std::size_t gpu = 0; gpu < sum.size(); ++gpu) sum[gpu] += measured[window][layer][gpu];
    total += unevenness(sum).max_over_mean;
  }
  return total / static_cast<double>(measured.back().size());
}

std::vector<WindowImbalance> imbalance_over_time(const LoadSet& loads, const Plan& plan,
                                                 Progress& progress) {
  std::vector<WindowImbalance> series;
  if (loads.times.empty()) return series;
  WindowBalance balance = measured_balance(loads, BalanceMetric::MaxOverMean);
  if (balance.empty())
    balance = balance_over_windows(loads, plan, BalanceMetric::MaxOverMean, progress);
  for (std::size_t w = 0; w < std::min(balance.size(), loads.times.size()); ++w) {
    const std::vector<double>& layers = balance[w];
    if (layers.empty()) continue;
    const auto worst = std::max_element(layers.begin(), layers.end());
    const auto row = static_cast<std::size_t>(worst - layers.begin());
    series.push_back(
        {loads.times[w],
         std::accumulate(layers.begin(), layers.end(), 0.0) / static_cast<double>(layers.size()),
         *worst, layer_of_row(loads, static_cast<int>(row))});
  }
  std::stable_sort(series.begin(), series.end(),
                   [](const auto& a, const auto& b) { return a.time.begin < b.time.begin; });
  return series;
}

std::vector<BoundPoint> bound_by_slots(const LayerLoads& loads, int gpus, int points,
                                       Progress& progress) {
  if (loads.empty() || gpus < 1 || points < 1) return {};
  const int experts = static_cast<int>(loads[0].size());
  const int least = (experts + gpus - 1) / gpus;  // slots of a GPU
  const int most = std::max(2 * least, least + 2);
  const int step = std::max(1, (most - least + points - 1) / points);
  std::vector<BoundPoint> curve;
  for (int slots = least; slots <= most; slots += step) curve.push_back({slots * gpus});
  parallel_for(curve.size(), [&](Index i) {
    double sum = 0;
    for (const auto& layer : loads) {
      progress.check();
      const double bound = imbalance_bound(layer, curve[i].slot_count, gpus);
      sum += bound;
      curve[i].worst = std::max(curve[i].worst, bound);
    }
    curve[i].mean = sum / static_cast<double>(loads.size());
  });
  return curve;
}

}  // namespace moescope
