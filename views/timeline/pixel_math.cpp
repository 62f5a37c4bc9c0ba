#include "views/timeline/pixel_math.h"

#include <algorithm>
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
}

TimeNs PixelMap::time(double x) const {
  return add(range_.begin, saturate(std::floor(x * ns_per_pixel_)));
}

TimeNs PixelMap::edge(int column) const {
  TimeNs at = add(range_.begin, saturate(std::ceil(column * ns_per_pixel_)));
  while (x(at) < column && at < std::numeric_limits<TimeNs>::max())
    ++at;  // the product above may round down by one
  return at;
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
