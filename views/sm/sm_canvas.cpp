#include "views/sm/sm_canvas.h"

#include "views/sm/sm_view.h"

namespace moescope {

SmCanvas::SmCanvas(SmView& view, Selection& selection) : TimeCanvas(selection, &view), view_(view) {
  setMinimumSize(240, 140);
  setObjectName("smCanvas");
  setAccessibleName(tr("SM allocation over time"));
}

TimeAxis SmCanvas::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  SmChartInput input = view_.chartInput();
  input.caveats = false;  // beside the chart
  return paint_sm_chart(painter, area, input, theme);
}

QString SmCanvas::readout(QPointF pos) const {
  const bool on_times = !axis().empty() && axis().plot().contains(pos.toPoint());
  return on_times ? view_.textAt(axis().time(pos.x())) : QString();
}

QString SmCanvas::summary() const {
  return view_.summary();
}

}  // namespace moescope
