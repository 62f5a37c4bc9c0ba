// How the figures of the headline change over time.
#pragma once

#include <limits>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// A value per window, NaN where a window has none.
struct Trend {
  std::vector<double> values;
  TimeNs window = 0;  ///< length of each, ns; the last may be shorter

  bool empty() const { return values.empty(); }
};

/// `range` in at most `count` windows of equal length, which cover it; none when it is empty.
std::vector<TimeRange> trend_windows(TimeRange range, int count);

/// Exposed communication in each window, ns, summed over the devices.
Trend exposed_trend(const std::vector<DeviceActivity>& activity,
                    const std::vector<TimeRange>& windows);

/// Something that happened at a time and has a value: a step and its length.
struct TrendPoint {
  TimeNs time = 0;
  double value = 0;
};
/// Median of the points in each window, by the nearest rank. `points` in order of time.
Trend median_trend(const std::vector<TrendPoint>& points, const std::vector<TimeRange>& windows);

}  // namespace moescope
