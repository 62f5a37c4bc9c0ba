// The drawing area of the requests view: what the view has, over the shared range.
#pragma once

#include "views/plot/time_canvas.h"

namespace moescope {

class RequestsView;

class RequestsCanvas : public TimeCanvas {
  Q_OBJECT

 public:
  RequestsCanvas(RequestsView& view, Selection& selection);
  QString summary() const override;

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;

 private:
  RequestsView& view_;
};

}  // namespace moescope
