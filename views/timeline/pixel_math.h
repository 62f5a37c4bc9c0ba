// Pixel maths of the timeline: which pixel a time falls on, and back. Free of widgets.
#pragma once

#include "core/trace/types.h"

namespace moescope {

/// Pixel columns [first, last).
struct PixelRun {
  int first = 0;
  int last = 0;
  bool empty() const { return last <= first; }
  int width() const { return last - first; }
  friend bool operator==(const PixelRun&, const PixelRun&) = default;
};

/// Maps the times of a range to columns 0 .. width. Any int64 time is safe: differences saturate
/// instead of overflowing. Columns are exact while the range is shorter than 2^53 ns (104 days).
class PixelMap {
 public:
  PixelMap() = default;
  /// An empty range counts as 1 ns, a width below 1 as 1 pixel.
  PixelMap(TimeRange range, int width);

  friend bool operator==(const PixelMap& a, const PixelMap& b) {
    return a.range_ == b.range_ && a.width_ == b.width_;
  }
  TimeRange range() const { return range_; }
  int width() const { return width_; }
  double nsPerPixel() const { return ns_per_pixel_; }

  /// Column of `time` with its fraction; outside the range it is below 0 or above width.
  double x(TimeNs time) const {
    return static_cast<double>(difference(time, range_.begin)) * pixels_per_ns_;
  }
  /// Time at column `x`; saturates.
  TimeNs time(double x) const;
  /// First time whose column is at least `column`, for jumping to the next pixel edge.
  TimeNs edge(int column) const;
  /// Columns that [start, end) touches, cut to [0, width). A span of no length has one column.
  /// Empty when the span is outside the range.
  PixelRun columns(TimeNs start, TimeNs end) const;

  /// a - b, saturating.
  static TimeNs difference(TimeNs a, TimeNs b) {
    TimeNs result;
    if (!__builtin_sub_overflow(a, b, &result)) return result;
    return a < b ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
  }

 private:
  TimeRange range_{0, 1};
  int width_ = 1;
  double ns_per_pixel_ = 1;
  double pixels_per_ns_ = 1;
};

}  // namespace moescope
