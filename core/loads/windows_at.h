// Which windows of loads lie in a range of time.
#pragma once

#include <optional>
#include <utility>

#include "core/loads/load_set.h"

namespace moescope {

/// Windows [first, last) that share time with [begin, end) ns; nullopt when none does or the loads
/// have no times. All windows for a range that holds them all.
std::optional<std::pair<int, int>> windows_at(const LoadSet& loads, std::int64_t begin,
                                              std::int64_t end);

}  // namespace moescope
