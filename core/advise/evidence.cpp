#include "core/advise/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

constexpr double kPersistent = 0.5;  ///< below, the halves are hot in different places
constexpr double kOverChance = 2;    ///< times the excess that chance alone would show

/// Deviation of each GPU's load from the mean, relative to it: [layer * GPUs + GPU].
std::vector<double> deviations(const Plan& plan, const LayerLoads& loads) {
  std::vector<double> out;
  for (Index l = 0; l < loads.size(); ++l) {
    const auto gpus =
        gpu_loads(plan.physical_to_logical[l], loads[l], plan.num_gpus,
                  plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[l]);
    const double mean = std::accumulate(gpus.begin(), gpus.end(), 0.0) / plan.live_gpus();
    for (int g = 0; g < plan.num_gpus; ++g)
      out.push_back(mean > 0 && !plan.dead(g) ? gpus[static_cast<Index>(g)] / mean - 1 : 0);
  }
  return out;
}

std::optional<double> cosine(const std::vector<double>& a, const std::vector<double>& b) {
  const double ab = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  const double aa = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
  const double bb = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
  constexpr double kNothing = 1e-12;
  if (aa < kNothing || bb < kNothing) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

bool counted(const LoadSet& loads) {
  for (const auto& window : loads.windows)
    for (const auto& layer : window)
      for (const double load : layer)
        if (load != std::floor(load)) return false;
  return true;
}

}  // namespace

LoadEvidence load_evidence(const Plan& plan, const LoadSet& loads) {
  LoadEvidence out;
  out.windows = static_cast<int>(loads.windows.size());
  const auto sums = sum_windows(loads, 0, out.windows);
  for (const auto& layer : sums)
    out.tokens += std::accumulate(layer.begin(), layer.end(), 0.0) /
                  static_cast<double>(std::max<Index>(1, sums.size()));
  if (counted(loads) && out.tokens > 0) {
    const double gpus = std::max(2, plan.live_gpus());
    out.chance_imbalance = 1 + std::sqrt(gpus / out.tokens) * std::sqrt(2 * std::log(gpus));
  }
  if (out.windows > 1) {
    const int half = out.windows / 2;
    out.persistence = cosine(deviations(plan, sum_windows(loads, 0, half)),
                             deviations(plan, sum_windows(loads, half, out.windows)));
  }
  return out;
}

std::vector<std::string> missing_evidence(const LoadEvidence& evidence, double imbalance) {
  std::vector<std::string> missing;
  if (evidence.windows < 2)
    missing.push_back("a second window of loads: whether the same experts stay hot is unknown");
  if (evidence.persistence && *evidence.persistence < kPersistent)
    missing.push_back(fmt::format(
        "windows that agree: the GPUs that are hot in the earlier half are not those of the later "
        "one (persistence {:.2f} of 1)",
        *evidence.persistence));
  if (evidence.chance_imbalance && imbalance - 1 < kOverChance * (*evidence.chance_imbalance - 1))
    missing.push_back(fmt::format(
        "more tokens: {:.0f} choices in a layer show an imbalance of {:.2f} by chance alone",
        evidence.tokens, *evidence.chance_imbalance));
  return missing;
}

}  // namespace moescope
