#include "views/overlap/overlap_canvas.h"

#include <QMouseEvent>
#include <QPainter>

#include "views/overlap/overlap_view.h"
#include "views/plot/readout.h"

namespace moescope {

OverlapCanvas::OverlapCanvas(OverlapView& view) : QWidget(&view), view_(view) {
  setMinimumSize(240, 120);
  setMouseTracking(true);
  setObjectName("overlapCanvas");
  setAccessibleName(tr("Overlap of communication and compute"));
}

void OverlapCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  hits_ = paint_overlap_chart(painter, rect(), view_.chartInput(), theme);
}

bool OverlapCanvas::onExposed(QPointF point) const {
  return std::any_of(hits_.begin(), hits_.end(), [&](const OverlapChartHit& hit) {
    return hit.exposed.adjusted(-3, 0, 3, 0).contains(point);
  });
}

void OverlapCanvas::mouseMoveEvent(QMouseEvent* event) {
  setCursor(onExposed(event->position()) ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void OverlapCanvas::mousePressEvent(QMouseEvent* event) {
  if (onExposed(event->position())) Q_EMIT exposedClicked();
}

bool OverlapCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QString text;
  for (const OverlapChartHit& hit : hits_)
    for (const OverlapChartHit::Part& part : hit.parts)
      if (part.rect.contains(help->pos())) text = part.text;
  if (onExposed(help->pos())) text += tr("\nClick to go to where it happens.");
  return show_readout(*this, *help, text);
}

QString OverlapCanvas::summary() const {
  return view_.summary();
}

}  // namespace moescope
