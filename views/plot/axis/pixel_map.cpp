#include "views/plot/axis/pixel_map.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace moescope {
namespace {

/// Nearest int64, saturating: casting a double outside the type is undefined.
TimeNs saturate(double value) {
  constexpr double kLimit = 9223372036854774784.0;  // the largest double below 2^63
  return static_cast<TimeNs>(std::clamp(value, -kLimit, kLimit));
}

TimeNs add(TimeNs a, TimeNs b) {
  TimeNs result;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return b < 0 ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
}

}  // namespace

PixelMap::PixelMap(TimeRange range, int width) : range_(range), width_(std::max(width, 1)) {
  if (range_.empty()) {
    if (range_.begin == std::numeric_limits<TimeNs>::max()) --range_.begin;
    range_.end = range_.begin + 1;
  }
  ns_per_pixel_ = static_cast<double>(difference(range_.end, range_.begin)) / width_;
  pixels_per_ns_ = 1 / ns_per_pixel_;
  anchor_ = range_.begin;
  window_ = range_;
}

PixelMap PixelMap::on_grid(TimeRange range, int width, double per_pixel) {
  // Places are rounded to 2^-16 of a column: sums and differences of them are exact, wherever the
  // picture begins.
  constexpr double kRounding = 3.0 * (std::int64_t{1} << 35);
  constexpr int kScreens = 16;  // bits: so many pictures fit between two anchors
  PixelMap map(range, width);
  const TimeNs length = difference(map.range_.end, map.range_.begin);
  const double columns = std::max(1.0, std::round(map.width_ * per_pixel));
  const double per_ns = columns / static_cast<double>(length);
  const int bits = std::bit_width(static_cast<std::uint64_t>(length) - 1) + kScreens;
  map.anchor_ = bits > 62 ? 0 : map.range_.begin & -(TimeNs{1} << bits);
  const double distance = static_cast<double>(difference(map.range_.begin, map.anchor_));
  map.origin_ = std::round(distance * per_ns) / per_pixel;
  map.rounding_ = kRounding / per_pixel;
  map.pixels_per_ns_ = per_ns / per_pixel;
  map.ns_per_pixel_ = static_cast<double>(length) / columns * per_pixel;
  map.window_ = {map.edge(0), map.edge(map.width_)};
  return map;
}

TimeNs PixelMap::time(double x) const {
  return add(anchor_, saturate(std::floor((x + origin_) * ns_per_pixel_)));
}

TimeNs PixelMap::edge(int column) const {
  const auto before = [&](TimeNs time) { return x(time) < column; };
  // The product may be off by a rounding: the edge is searched around it, in growing steps.
  TimeNs low = add(anchor_, saturate(std::ceil((column + origin_) * ns_per_pixel_))), high = low;
  if (before(low)) {
    for (TimeNs step = 1; before(high = add(low, step)); step = add(step, step)) {
      if (high == std::numeric_limits<TimeNs>::max()) return high;
      low = high;
    }
  } else {
    for (TimeNs step = 1; !before(low = add(high, -step)); step = add(step, step)) {
      if (low == std::numeric_limits<TimeNs>::min()) return low;
      high = low;
    }
  }
  while (difference(high, low) > 1) {
    const TimeNs middle = low + difference(high, low) / 2;
    (before(middle) ? low : high) = middle;
  }
  return high;
}

std::optional<std::int64_t> PixelMap::columnsFrom(const PixelMap& before) const {
  const bool same_grid = rounding_ != 0 && rounding_ == before.rounding_ &&
                         anchor_ == before.anchor_ && pixels_per_ns_ == before.pixels_per_ns_ &&
                         width_ == before.width_;
  if (!same_grid) return std::nullopt;
  return gridColumn() - before.gridColumn();
}

PixelMap PixelMap::part(PixelRun columns) const {
  PixelMap map = *this;
  map.window_ = map.range_ = {edge(columns.first), edge(columns.last)};
  map.origin_ += columns.first;
  map.width_ = columns.width();
  return map;
}

PixelRun PixelMap::columns(TimeNs start, TimeNs end) const {
  const bool outside =
      start >= range_.end || end < range_.begin || (end == range_.begin && start < end);
  if (outside) return {};
  const double first = std::clamp(std::floor(x(start)), 0.0, width_ - 1.0);
  const double last = std::clamp(std::ceil(x(end)), first + 1, static_cast<double>(width_));
  return {static_cast<int>(first), static_cast<int>(last)};
}

}  // namespace moescope
