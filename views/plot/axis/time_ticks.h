// Ticks of a time axis: units that follow the zoom, labels at round numbers.
#pragma once

#include <QString>
#include <vector>

#include "core/trace/types.h"
#include "views/common/positions.h"

namespace moescope {

struct TimeTick {
  TimeNs time = 0;
  QString label;
};

/// Ticks of one axis: every label is in `unit`, so the axis names it once.
struct TimeTicks {
  TimeUnit unit;
  TimeNs step = 0;  ///< 0: there are none
  std::vector<TimeTick> ticks;
};

/// Ticks at multiples of 1, 2 or 5 times a power of ten, at least `min_spacing` pixels and the
/// width of a label apart.
TimeTicks time_ticks(TimeRange range, int width, int min_spacing);

/// "Time since trace start (ms)".
QString time_axis_title(const TimeUnit& unit);

}  // namespace moescope
