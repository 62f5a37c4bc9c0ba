// Where times lie in a chart: the one mapping of all charts that have a time axis. Charts of the
// same range, width and screen put a time on the same pixel.
#pragma once

#include <QRect>

#include "views/plot/axis/pixel_map.h"

namespace moescope {

class TimeAxis {
 public:
  /// Nothing to show: empty().
  TimeAxis() = default;
  /// `plot`: what the times of `range` are drawn in, whole logical pixels. `device_ratio`: device
  /// pixels that make one of them; columns lie on the grid of those, see PixelMap::on_grid().
  TimeAxis(TimeRange range, const QRect& plot, double device_ratio = 1)
      : plot_(plot), map_(PixelMap::on_grid(range, plot.width(), device_ratio)) {}

  bool empty() const { return plot_.width() <= 0; }
  const QRect& plot() const { return plot_; }
  TimeRange range() const { return map_.range(); }
  /// The same without the place of the plot.
  const PixelMap& map() const { return map_; }
  double nsPerPixel() const { return map_.nsPerPixel(); }
  bool shows(TimeNs time) const { return time >= range().begin && time <= range().end; }

  qreal x(TimeNs time) const { return plot_.left() + map_.x(time); }
  /// The column of pixels that a line at `time` is drawn in.
  int column(TimeNs time) const;
  /// Time at `x`, at most the ends of the range.
  TimeNs time(qreal x) const;
  /// From the begin of the range to the left side of the plot, in ns; less than a pixel.
  double leftOffset() const { return -map_.x(range().begin) * nsPerPixel(); }

 private:
  QRect plot_;
  PixelMap map_;
};

}  // namespace moescope
