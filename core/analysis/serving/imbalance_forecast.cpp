#include "core/analysis/serving/imbalance_forecast.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/serving/plan_effect.h"
#include "core/mean.h"
#include "core/placement/evaluate.h"

namespace moescope {
namespace {

constexpr std::size_t kLeastForDrift = 4;  ///< windows

/// [window][GPU] of one layer of one set, each window's mean being 1. Windows without tokens are
/// left out.
using Shares = std::vector<std::vector<double>>;

/// Row of `set` that holds the loads of plan row `layer`; -1: none.
int row_of(const LoadSet& set, const Plan& plan, int layer) {
  if (set.layer_ids.empty() || plan.layer_ids.empty()) return layer < set.layers() ? layer : -1;
  const auto found = std::find(set.layer_ids.begin(), set.layer_ids.end(), plan.layer_id(layer));
  return found == set.layer_ids.end() ? -1 : static_cast<int>(found - set.layer_ids.begin());
}

Shares shares_of(const LoadSet& set, std::size_t first, std::size_t row, const Plan& plan,
                 std::size_t layer) {
  const auto weight =
      plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[layer];
  Shares shares;
  for (std::size_t w = first; w < set.windows.size(); ++w) {
    auto loads =
        gpu_loads(plan.physical_to_logical[layer], set.windows[w][row], plan.num_gpus, weight);
    const double mean = *mean_of(loads);
    if (!(mean > 0)) continue;
    for (double& load : loads) load /= mean;
    shares.push_back(std::move(loads));
  }
  return shares;
}

std::vector<Shares> shares_of_all(const std::vector<std::shared_ptr<const LoadSet>>& sets,
                                  int windows, const Plan& plan) {
  std::vector<Shares> all;
  for (const auto& set : sets) {
    if (set->experts != plan.num_experts) continue;
    const auto count = set->windows.size();
    const auto first = count - std::min(count, static_cast<std::size_t>(std::max(0, windows)));
    for (int layer = 0; layer < plan.layers(); ++layer) {
      const int row = row_of(*set, plan, layer);
      if (row < 0) continue;
      auto shares = shares_of(*set, first, static_cast<std::size_t>(row), plan,
                              static_cast<std::size_t>(layer));
      if (!shares.empty()) all.push_back(std::move(shares));
    }
  }
  return all;
}

std::vector<double> mean_over(const Shares& shares, std::size_t first, std::size_t last) {
  std::vector<double> mean(shares.front().size(), 0.0);
  for (std::size_t w = first; w < last; ++w)
    for (std::size_t g = 0; g < mean.size(); ++g) mean[g] += shares[w][g];
  for (double& value : mean) value /= static_cast<double>(last - first);
  return mean;
}

/// Squared distance of GPU `g` to `mean`, mean over windows with the given divisor.
double variance_of(const Shares& shares, std::size_t first, std::size_t last, std::size_t g,
                   double mean, double divisor) {
  double sum = 0;
  for (std::size_t w = first; w < last; ++w) sum += (shares[w][g] - mean) * (shares[w][g] - mean);
  return sum / divisor;
}

/// How windows to come differ from those at hand.
struct WindowChange {
  double farther = 1;  ///< times as far from the mean of all as these; at least 1
  double drift = 0;    ///< of the fullest GPU's share, deviation beyond what single windows scatter
};

WindowChange change_of(const std::vector<Shares>& all) {
  double inside = 0, outside = 0, fullest = 0, windows = 0, rows = 0;
  for (const Shares& shares : all) {
    if (shares.size() < kLeastForDrift) continue;
    const std::size_t half = shares.size() / 2;
    const auto n = static_cast<double>(half), total = static_cast<double>(shares.size());
    const auto mean = mean_over(shares, 0, half);
    const auto top =
        static_cast<std::size_t>(std::max_element(mean.begin(), mean.end()) - mean.begin());
    for (std::size_t g = 0; g < mean.size(); ++g) {
      const double in = variance_of(shares, 0, half, g, mean[g], n - 1);
      // Without the uncertainty of the mean of a half, with that of the mean of all.
      const double out = variance_of(shares, half, shares.size(), g, mean[g], total - n) +
                         in * (1 / total - 1 / n);
      inside += in;
      outside += out;
      if (g == top) fullest += out - in;
    }
    windows += total;
    rows += 1;
  }
  if (!(inside > 0)) return {};
  const double mean_windows = windows / rows;
  return {std::sqrt(std::max(1.0, outside / (inside * (1 - 1 / mean_windows)))),
          std::sqrt(std::max(0.0, fullest / rows))};
}

/// Mean over rows of the greatest share of each window, deviations enlarged; by window, the newest
/// last. Rows with fewer windows count in the newest ones.
std::vector<double> imbalances(const std::vector<Shares>& all, double enlarged) {
  std::size_t longest = 0;
  for (const Shares& shares : all) longest = std::max(longest, shares.size());
  std::vector<double> sums(longest, 0.0), rows(longest, 0.0);
  for (const Shares& shares : all) {
    const auto mean = mean_over(shares, 0, shares.size());
    for (std::size_t w = 0; w < shares.size(); ++w) {
      double most = 0;
      for (std::size_t g = 0; g < mean.size(); ++g)
        most = std::max(most, mean[g] + enlarged * (shares[w][g] - mean[g]));
      const std::size_t at = longest - shares.size() + w;
      sums[at] += most;
      rows[at] += 1;
    }
  }
  for (std::size_t w = 0; w < longest; ++w) sums[w] /= rows[w];
  return sums;
}

}  // namespace

std::optional<ImbalanceForecast> forecast_imbalance(
    const std::vector<std::shared_ptr<const LoadSet>>& sets, int windows, const Plan& plan) {
  const auto all = shares_of_all(sets, windows, plan);
  if (all.empty()) return std::nullopt;
  ImbalanceForecast forecast;
  forecast.seen = *mean_of(imbalances(all, 1));
  const WindowChange change = change_of(all);
  const auto to_come = imbalances(all, change.farther);
  forecast.expected = *mean_of(to_come);
  // Layers drift each for itself, so that their mean drifts less.
  if (const auto scatter = deviation_of(to_come))
    forecast.error = std::hypot(*scatter, forecast.expected - forecast.seen,
                                change.drift / std::sqrt(static_cast<double>(all.size())));
  return forecast;
}

}  // namespace moescope
