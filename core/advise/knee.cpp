#include "core/advise/knee.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

constexpr int kBatchesOfPoint = 4;  ///< the response is smooth: differences of one seed count
/// Below this rise over the whole range the step is flat: it is the noise of the drawn batches.
constexpr double kFlat = 0.005;
constexpr int kKnees = 200;  ///< places that are tried for the knee

/// Loads whose unevenness is `share` of the given ones': 0 makes all replicas of a layer alike.
LayerLoads blended(const Plan& plan, const LayerLoads& loads, double share) {
  LayerLoads out = loads;
  for (Index l = 0; l < loads.size(); ++l) {
    const auto counts = replica_counts(plan.physical_to_logical[l], plan.num_experts);
    const double all = std::accumulate(loads[l].begin(), loads[l].end(), 0.0);
    const double slots = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (!(all > 0)) continue;
    double sum = 0;
    for (Index e = 0; e < loads[l].size(); ++e) {
      const double even = all * counts[e] / slots;
      // Geometric, so that shares above 1 stay loads.
      out[l][e] = std::pow(even, 1 - share) * std::pow(std::max(loads[l][e], all * 1e-9), share);
      sum += out[l][e];
    }
    for (double& load : out[l]) load *= all / sum;
  }
  return out;
}

double mean_imbalance(const Prediction& prediction) {
  double sum = 0;
  for (const auto& layer : prediction.layers) sum += layer.imbalance;
  return prediction.layers.empty() ? 1 : sum / static_cast<double>(prediction.layers.size());
}

/// Least squares of step = flat (1 + slope max(0, r - knee)) for a given knee; the squared error.
double fit_at(const std::vector<double>& r, const std::vector<double>& t, double knee,
              BalanceResponse& out) {
  const auto n = static_cast<double>(r.size());
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (Index i = 0; i < r.size(); ++i) {
    const double x = std::max(0.0, r[i] - knee);
    sx += x, sy += t[i], sxx += x * x, sxy += x * t[i];
  }
  const double spread = n * sxx - sx * sx;
  const double b = spread > 0 ? std::max(0.0, (n * sxy - sx * sy) / spread) : 0;
  const double a = (sy - b * sx) / n;
  double error = 0;
  for (Index i = 0; i < r.size(); ++i) {
    const double d = t[i] - a - b * std::max(0.0, r[i] - knee);
    error += d * d;
  }
  out.knee = knee;
  out.flat_ns = a;
  out.slope = a > 0 ? b / a : 0;
  return error;
}

}  // namespace

BalanceResponse fit_response(const std::vector<double>& imbalance,
                             const std::vector<double>& step_ns) {
  BalanceResponse best;
  best.least = imbalance.front();
  best.most = imbalance.back();
  const double mean =
      std::accumulate(step_ns.begin(), step_ns.end(), 0.0) / static_cast<double>(step_ns.size());
  double spread = 0;
  for (const double t : step_ns) spread += (t - mean) * (t - mean);
  const auto [low, high] = std::minmax_element(step_ns.begin(), step_ns.end());
  if (*high - *low < kFlat * mean) {
    best.flat_ns = mean;
    best.knee = best.most;
    return best;
  }
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kKnees; ++i) {
    BalanceResponse fit = best;
    const double knee = best.least + (best.most - best.least) * i / kKnees;
    const double error = fit_at(imbalance, step_ns, knee, fit);
    if (error >= least) continue;
    least = error;
    fit.r2 = spread > 0 ? 1 - error / spread : 1;
    best = fit;
  }
  return best;
}

BalanceResponse balance_response(const Hardware& hardware, const ModelShape& model,
                                 const ServingUnit& unit, const Plan& plan, const LoadSet& loads,
                                 Progress& progress) {
  static constexpr std::array kShares = {0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.25, 1.5};
  Plan even = plan;
  even.replica_weight.clear();
  LoadSet blend = loads;
  blend.routes = {};
  const auto sums = sum_windows(loads, 0, static_cast<int>(loads.windows.size()));
  PredictOptions options;
  options.batches = kBatchesOfPoint;
  std::vector<std::pair<double, double>> points;
  for (const double share : kShares) {
    progress.check();
    blend.windows = {blended(even, sums, share)};
    const Prediction at = predict(hardware, model, unit, even, blend, options, progress);
    points.emplace_back(mean_imbalance(at), at.step_ns);
  }
  std::sort(points.begin(), points.end());
  std::vector<double> imbalance, steps;
  for (const auto& [r, t] : points) imbalance.push_back(r), steps.push_back(t);
  return fit_response(imbalance, steps);
}

}  // namespace moescope
