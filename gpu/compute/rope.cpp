#include <algorithm>
#include <cmath>
#include <numbers>

#include "gpu/compute/operators.h"

namespace moescope::runtime {
namespace {

/// The dimension that turns `rotations` times within the original context (YaRN, equation 17).
double correction_dim(double rotations, const Rope& rope, int dim) {
  return dim * std::log(rope.yarn->original_positions / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(rope.theta));
}

std::vector<double> frequencies(const Rope& rope, int dim) {
  std::vector<double> result(static_cast<std::size_t>(dim / 2));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = std::pow(rope.theta, -2.0 * static_cast<double>(i) / dim);
  if (!rope.yarn) return result;
  const double low = std::max(std::floor(correction_dim(rope.yarn->beta_fast, rope, dim)), 0.0);
  double high = std::min(std::ceil(correction_dim(rope.yarn->beta_slow, rope, dim)), dim - 1.0);
  if (high == low) high += 0.001;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    result[i] = result[i] / rope.yarn->factor * ramp + result[i] * (1 - ramp);
  }
  return result;
}

}  // namespace

RopeTable::RopeTable(const Rope& rope, int dim, int positions)
    : half_(dim / 2), positions_(positions) {
  const auto frequency = frequencies(rope, dim);
  const double scale = rope.yarn ? rope.yarn->cos_sin_scale : 1.0;
  for (int position = 0; position < positions; ++position)
    for (const double f : frequency) {
      cos_.push_back(static_cast<float>(std::cos(position * f) * scale));
      sin_.push_back(static_cast<float>(std::sin(position * f) * scale));
    }
}

}  // namespace moescope::runtime
