#include "core/loads/windows_at.h"

namespace moescope {

std::optional<std::pair<int, int>> windows_at(const LoadSet& loads, std::int64_t begin,
                                              std::int64_t end) {
  std::optional<std::pair<int, int>> found;
  for (std::size_t w = 0; w < loads.times.size(); ++w) {
    const WindowTime& time = loads.times[w];
    if (time.begin >= end || time.end <= begin) continue;
    const int window = static_cast<int>(w);
    found = found ? std::pair(found->first, window + 1) : std::pair(window, window + 1);
  }
  return found;
}

}  // namespace moescope
