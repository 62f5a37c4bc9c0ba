// The lanes as a plottable of QCustomPlot: same axes and export as every other plot. On the screen
// the canvas paints their picture itself: a layer of QCustomPlot would blend it into the window
// once more, which at 3840x2160 costs more than drawing the lanes.
#pragma once

#include <qcustomplot.h>

#include "views/timeline/lanes/lane_picture.h"
#include "views/timeline/lanes/timeline_scene.h"

namespace moescope {

class LanePlottable : public QCPAbstractPlottable {
  Q_OBJECT

 public:
  LanePlottable(QCPAxis* key_axis, QCPAxis* value_axis, TimelineScene& scene);

  void setTheme(const Theme& theme);
  void setTicks(TimeTicks ticks) { ticks_ = std::move(ticks); }
  /// Brings the picture of the lanes up to date, `size` logical pixels large.
  void prepare(QSize size, double dpr);
  /// The picture prepared last, names included.
  const QImage& picture() const { return picture_.image(); }
  LaneRenderer& renderer() { return renderer_; }

  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }
  QCPRange getKeyRange(bool& found, QCP::SignDomain) const override;
  QCPRange getValueRange(bool& found, QCP::SignDomain, const QCPRange&) const override;

 protected:
  void draw(QCPPainter* painter) override;
  void drawLegendIcon(QCPPainter*, const QRectF&) const override {}

 private:
  TimelineScene& scene_;
  LaneRenderer renderer_;
  LabelCache labels_;
  Theme theme_;
  TimeTicks ticks_;
  LanePicture picture_;
};

}  // namespace moescope
