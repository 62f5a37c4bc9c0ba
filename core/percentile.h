// Percentiles by the nearest rank.
#pragma once

#include <algorithm>
#include <cstddef>

namespace moescope {

/// Index of the smallest of `count` ascending values that at least `percent` of them do not exceed.
/// @pre count > 0
inline std::size_t nearest_rank(std::size_t count, int percent) {
  return std::max<std::size_t>((count * static_cast<std::size_t>(percent) + 99) / 100, 1) - 1;
}

}  // namespace moescope
