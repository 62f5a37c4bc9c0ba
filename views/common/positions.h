// Formatting of positions in time: all of one axis or column in the same unit.
#pragma once

#include <QString>

#include "core/trace/types.h"

namespace moescope {

/// A unit of time. Lengths have each their own, see format_time().
struct TimeUnit {
  const char* symbol = "ns";  ///< "ns", "µs", "ms", "s"
  TimeNs ns = 1;
};
/// The unit of an axis or a column that reaches to `latest`: the largest of which that is one.
TimeUnit position_unit(TimeNs latest);
/// Decimals needed to distinguish positions `resolution` ns apart.
int position_decimals(double resolution, const TimeUnit& unit);
/// "114.058", without the unit.
QString format_position_number(TimeNs ns, const TimeUnit& unit, int decimals);
/// "114.058 ms", with as many decimals as `resolution` (ns per pixel) shows.
QString format_position(TimeNs ns, double resolution, const TimeUnit& unit);
/// "114.06 – 128.60 ms (14.5 ms)": a range as its axis shows it.
QString format_range(TimeRange range);

}  // namespace moescope
