#include "views/plot/axis/time_ticks.h"

#include <QCoreApplication>
#include <algorithm>
#include <limits>

namespace moescope {
namespace {

constexpr int kPixelsPerDigit = 7;

/// Smallest 1, 2 or 5 times a power of ten that is at least `ns`.
TimeNs round_step(double ns) {
  TimeNs step = 1;
  while (static_cast<double>(step) < ns && step < 1'000'000'000'000'000'000) {
    if (static_cast<double>(step * 2) >= ns) return step * 2;
    if (static_cast<double>(step * 5) >= ns) return step * 5;
    step *= 10;
  }
  return step;
}

TimeTicks ticks_apart(TimeRange range, double step) {
  TimeTicks result;
  result.step = round_step(step);
  result.unit = position_unit(std::max(range.end, -range.begin));
  const int decimals = position_decimals(static_cast<double>(result.step), result.unit);
  TimeNs at = range.begin - range.begin % result.step;
  if (at < range.begin) at += result.step;
  for (; at <= range.end; at += result.step) {
    result.ticks.push_back({at, format_position_number(at, result.unit, decimals)});
    if (at > std::numeric_limits<TimeNs>::max() - result.step) break;
  }
  return result;
}

}  // namespace

TimeTicks time_ticks(TimeRange range, int width, int min_spacing) {
  if (range.empty() || width <= 0) return {};
  const double ns_per_pixel = static_cast<double>(range.length()) / width;
  int spacing = std::max(min_spacing, 1);
  // The closer the ticks the longer their labels.
  for (;;) {
    TimeTicks ticks = ticks_apart(range, ns_per_pixel * spacing);
    const int label = ticks.ticks.empty()
                          ? 0
                          : kPixelsPerDigit * static_cast<int>(ticks.ticks.back().label.size() + 1);
    if (label <= spacing || spacing >= width) return ticks;
    spacing = std::min(label, width);
  }
}

QString time_axis_title(const TimeUnit& unit) {
  return QCoreApplication::translate("Chart", "Time since trace start (%1)")
      .arg(QString::fromUtf8(unit.symbol));
}

}  // namespace moescope
