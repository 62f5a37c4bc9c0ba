#include "core/analysis/overlap/scope_at.h"

#include <algorithm>

namespace moescope {

TimeNs shared_time(const std::vector<TimeRange>& ranges, const TimeRange& range) {
  TimeNs time = 0;
  auto it = std::upper_bound(ranges.begin(), ranges.end(), range.begin,
                             [](TimeNs t, const TimeRange& r) { return t < r.end; });
  for (; it != ranges.end() && it->begin < range.end; ++it)
    time += std::min(range.end, it->end) - std::max(range.begin, it->begin);
  return time;
}

std::string scope_at(const std::vector<ScopeOverlap>& scopes, const char* kind,
                     const DeviceKey& key, TimeRange range) {
  if (range.empty()) range.end = range.begin + 1;
  TimeNs most = 0;
  std::string name;
  for (const ScopeOverlap& scope : scopes) {
    if (scope.kind != kind || scope.key != key) continue;
    const TimeNs time = shared_time(scope.ranges, range);
    if (time <= most) continue;
    most = time;
    name = scope.name;
  }
  return name;
}

}  // namespace moescope
