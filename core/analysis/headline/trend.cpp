#include "core/analysis/headline/trend.h"

#include <algorithm>

#include "core/percentile.h"

namespace moescope {
namespace {

TimeNs length_of(const std::vector<TimeRange>& windows) {
  return windows.empty() ? 0 : windows.front().length();
}

}  // namespace

std::vector<TimeRange> trend_windows(TimeRange range, int count) {
  std::vector<TimeRange> windows;
  if (range.length() <= 0 || count <= 0) return windows;
  const TimeNs length = (range.length() - 1) / count + 1;
  for (TimeNs begin = range.begin; begin < range.end;) {
    const TimeNs end = range.end - begin > length ? begin + length : range.end;
    windows.push_back({begin, end});
    begin = end;
  }
  return windows;
}

Trend exposed_trend(const std::vector<DeviceActivity>& activity,
                    const std::vector<TimeRange>& windows) {
  Trend trend{std::vector<double>(windows.size(), 0.0), length_of(windows)};
  for (const DeviceActivity& device : activity)
    for (std::size_t i = 0; i < windows.size(); ++i)
      trend.values[i] += static_cast<double>(lengths_in(device, windows[i]).exposed);
  return trend;
}

Trend median_trend(const std::vector<TrendPoint>& points, const std::vector<TimeRange>& windows) {
  Trend trend{{}, length_of(windows)};
  auto next = points.begin();
  for (const TimeRange& window : windows) {
    std::vector<double> values;
    while (next != points.end() && next->time < window.begin) ++next;
    for (; next != points.end() && next->time < window.end; ++next) values.push_back(next->value);
    std::sort(values.begin(), values.end());
    trend.values.push_back(values.empty() ? std::numeric_limits<double>::quiet_NaN()
                                          : values[nearest_rank(values.size(), 50)]);
  }
  return trend;
}

}  // namespace moescope
