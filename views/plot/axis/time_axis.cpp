#include "views/plot/axis/time_axis.h"

#include <algorithm>
#include <cmath>

namespace moescope {

int TimeAxis::column(TimeNs time) const {
  // The first and last column hold what rounding to the grid puts beside them.
  const double column = std::clamp(std::floor(map_.x(time)), 0.0, map_.width() - 1.0);
  return plot_.left() + static_cast<int>(column);
}

TimeNs TimeAxis::time(qreal x) const {
  return std::clamp(map_.time(x - plot_.left()), range().begin, range().end);
}

}  // namespace moescope
