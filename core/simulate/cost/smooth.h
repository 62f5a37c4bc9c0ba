// Smooth maxima: what takes the longer of several limits, near the point where they meet.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace moescope {

/// (a^q + b^q + ...)^(1/q) for values >= 0: their sum for q = 1, their maximum for large q. 0 when
/// all are.
template <typename... Values>
double smooth_max(double q, Values... values) {
  const double most = std::max({static_cast<double>(values)...});
  if (!(most > 0)) return 0;
  return most * std::pow((std::pow(values / most, q) + ...), 1 / q);
}

/// The same towards the smaller one, for values > 0.
inline double smooth_min(double q, double a, double b) {
  const double least = std::min(a, b);
  return least / std::pow(std::pow(least / a, q) + std::pow(least / b, q), 1 / q);
}

constexpr double kBytesPerUs = 1e3;       ///< of 1 GB/s
constexpr double kOperationsPerUs = 1e6;  ///< of 1 TFLOPS

}  // namespace moescope
