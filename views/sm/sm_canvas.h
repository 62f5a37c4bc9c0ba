// The drawing area of the SM view: the chart of what the view has chosen, over the shared range.
#pragma once

#include "views/plot/time_canvas.h"

namespace moescope {

class SmView;

class SmCanvas : public TimeCanvas {
  Q_OBJECT

 public:
  SmCanvas(SmView& view, Selection& selection);
  QSize sizeHint() const override { return {700, 320}; }
  QString summary() const override;

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;

 private:
  SmView& view_;
};

}  // namespace moescope
