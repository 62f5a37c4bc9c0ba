#include "views/sm/sm_canvas.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "views/sm/sm_view.h"

namespace moescope {

SmCanvas::SmCanvas(SmView& view, Selection& selection)
    : QWidget(&view), view_(view), selection_(selection) {
  setMouseTracking(true);
  setMinimumSize(240, 140);
  setObjectName("smCanvas");
  setAccessibleName(tr("SM allocation over time"));
}

void SmCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  SmChartInput input = view_.chartInput();
  input.caveats = false;
  plot_ = paint_sm_chart(painter, rect(), input, theme);
}

TimeNs SmCanvas::timeAt(qreal x) const {
  const TimeRange range = selection_.range();
  const double share = (x - plot_.left()) / std::max(plot_.width(), 1.0);
  return range.begin +
         static_cast<TimeNs>(std::llround(share * static_cast<double>(range.length())));
}

void SmCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (plot_.isEmpty()) return;
  const qreal x = event->position().x();
  if ((event->buttons() & Qt::LeftButton) != 0) {
    const double share = (press_x_ - x) / std::max(plot_.width(), 1.0);
    const auto shift =
        static_cast<TimeNs>(std::llround(share * static_cast<double>(press_range_.length())));
    selection_.setRange({press_range_.begin + shift, press_range_.end + shift});
  }
  if (x >= plot_.left() && x <= plot_.right()) selection_.setCursor(timeAt(x));
}

void SmCanvas::mousePressEvent(QMouseEvent* event) {
  press_x_ = event->position().x();
  press_range_ = selection_.range();
}

void SmCanvas::mouseDoubleClickEvent(QMouseEvent*) {
  selection_.fit();
}

void SmCanvas::wheelEvent(QWheelEvent* event) {
  if (plot_.isEmpty()) return;
  selection_.zoom(std::pow(0.8, event->angleDelta().y() / 120.0), timeAt(event->position().x()));
  event->accept();
}

void SmCanvas::leaveEvent(QEvent*) {
  selection_.setCursor({});
}

}  // namespace moescope
