// Which pixel a time falls on, and back: the numbers behind TimeAxis. Free of widgets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/trace/types.h"

namespace moescope {

/// Pixel columns [first, last).
struct PixelRun {
  int first = 0;
  int last = 0;
  bool empty() const { return last <= first; }
  int width() const { return last - first; }
  bool touches(const PixelRun& other) const {
    return std::max(first, other.first) < std::min(last, other.last);
  }
  /// The shortest run that holds this one and the other.
  PixelRun hull(const PixelRun& other) const {
    if (empty()) return other;
    if (other.empty()) return *this;
    return {std::min(first, other.first), std::max(last, other.last)};
  }
  /// The part within columns [0, width), after a move of `by` to the left.
  PixelRun moved(int by, int width) const {
    return {std::clamp(first - by, 0, width), std::clamp(last - by, 0, width)};
  }
  friend bool operator==(const PixelRun&, const PixelRun&) = default;
};

/// Columns of a picture `width` wide that a move of `by` to the left (negative: right) leaves free.
inline PixelRun freed_columns(int by, int width) {
  return by > 0 ? PixelRun{width - by, width} : PixelRun{0, -by};
}

/// Maps the times of a range to columns 0 .. width. Any int64 time is safe: differences saturate
/// instead of overflowing. Columns are exact while the range is shorter than 2^53 ns (104 days).
class PixelMap {
 public:
  PixelMap() = default;
  /// Column 0 begins where the range begins. An empty range counts as 1 ns, a width below 1 as 1
  /// pixel.
  PixelMap(TimeRange range, int width);
  /// Columns of a grid that all ranges of one length share: a picture that moves sideways moves by
  /// whole columns, and a time keeps its place in its column to the last bit. Column 0 begins at
  /// most half a column from where the range begins. `per_pixel` columns of the grid (the device
  /// pixel ratio) make a pixel of this map.
  static PixelMap on_grid(TimeRange range, int width, double per_pixel = 1);

  friend bool operator==(const PixelMap&, const PixelMap&) = default;
  TimeRange range() const { return range_; }
  int width() const { return width_; }
  double nsPerPixel() const { return ns_per_pixel_; }
  /// Times whose columns are 0 .. width: the range, but for less than a column on a grid.
  TimeRange window() const { return window_; }

  /// Column of `time` with its fraction; outside the range it is below 0 or above width.
  double x(TimeNs time) const {
    const auto distance = static_cast<double>(difference(time, anchor_));
    return (distance * pixels_per_ns_ + rounding_) - (rounding_ + origin_);
  }
  /// Time at column `x`; saturates.
  TimeNs time(double x) const;
  /// First time whose column is at least `column`, for jumping to the next pixel edge.
  TimeNs edge(int column) const;
  /// Columns that [start, end) touches, cut to [0, width). A span of no length has one column.
  /// Empty when the span is outside the range.
  PixelRun columns(TimeNs start, TimeNs end) const;

  /// Columns from column 0 of `before` to column 0 of this map, positive when this one shows later
  /// times; nullopt when they are not on the same grid.
  std::optional<std::int64_t> columnsFrom(const PixelMap& before) const;
  /// The same columns, of which `columns.first` is column 0.
  PixelMap part(PixelRun columns) const;
  /// Number of column 0 on the grid; 0 without a grid.
  std::int64_t gridColumn() const { return static_cast<std::int64_t>(origin_); }

  /// a - b, saturating.
  static TimeNs difference(TimeNs a, TimeNs b) {
    TimeNs result;
    if (!__builtin_sub_overflow(a, b, &result)) return result;
    return a < b ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
  }

 private:
  TimeRange range_{0, 1}, window_{0, 1};
  int width_ = 1;
  double ns_per_pixel_ = 1;
  double pixels_per_ns_ = 1;
  TimeNs anchor_ = 0;    ///< where the grid begins
  double origin_ = 0;    ///< column of the grid that is column 0
  double rounding_ = 0;  ///< added and taken away again: leaves a fixed number of binary places
};

}  // namespace moescope
