// Non-linear least squares for positive constants.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/progress.h"

namespace moescope {

struct LeastSquares {
  std::vector<double> constants;
  double cost = 0;  ///< half the sum of the squared residuals, robust
};

/// Constants within [least, most] that make residuals small, by Levenberg-Marquardt (GSL) on their
/// logarithms. Residuals are bent to grow with their square root beyond `outlier`, so that a few
/// wrong rows do not decide ("soft L1").
/// @param residuals fills its second argument (of `count` values) for given constants
/// @param start one a constant, positive
/// Ends after a bounded number of steps. Throws Cancelled.
LeastSquares least_squares(
    const std::function<void(std::span<const double>, std::span<double>)>& residuals,
    std::size_t count, std::span<const double> start, std::span<const double> least,
    std::span<const double> most, double outlier, const Progress& progress);

}  // namespace moescope
