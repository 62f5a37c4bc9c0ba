// What the gate chose, as kernels see it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/base/device_code.h"

namespace moescope::runtime {

/// [row][k] in order of falling selection score (lower expert first on a tie), in memory of the
/// operators.
struct RoutingView {
  int top_k = 0;
  std::int32_t* experts = nullptr;
  float* weights = nullptr;
};

/// Where a row of so many numbers begins.
MOESCOPE_SHARED inline std::size_t flat(int row, int width) {
  return matrix_row(row, width);
}

}  // namespace moescope::runtime
