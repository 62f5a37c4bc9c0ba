#include "views/requests/requests_canvas.h"

#include "views/requests/requests_view.h"

namespace moescope {

RequestsCanvas::RequestsCanvas(RequestsView& view, Selection& selection)
    : TimeCanvas(selection, &view), view_(view) {
  setObjectName("requestsCanvas");
  setAccessibleName(tr("Requests over time"));
  setMinimumSize(260, 150);
}

TimeAxis RequestsCanvas::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  return paint_requests_chart(painter, area, view_.chartInput(), theme);
}

QString RequestsCanvas::readout(QPointF pos) const {
  if (axis().empty()) return {};
  if (axis().plot().contains(pos.toPoint()))
    if (const QString text = requests_text_at(view_.chartInput(), axis().time(pos.x()));
        !text.isEmpty())
      return text;
  return tr(
      "Each request at the time its last token was made: time to first token and time per "
      "output token. Below: tokens per second, and the share of requests whose TTFT and TPOT "
      "are within the targets, second by second.");
}

QString RequestsCanvas::summary() const {
  return view_.summary();
}

}  // namespace moescope
