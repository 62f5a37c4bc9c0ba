#include "views/plot/time_canvas.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include "views/plot/axis/zoom_keys.h"
#include "views/plot/crosshair.h"
#include "views/plot/readout.h"

namespace moescope {

TimeCanvas::TimeCanvas(Selection& selection, QWidget* parent)
    : QWidget(parent), selection_(selection), gestures_(selection, [this] { return axis_; }) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  connect(&selection, &Selection::rangeChanged, this, &TimeCanvas::refresh);
  connect(&selection, &Selection::cursorChanged, this, &TimeCanvas::moveCrosshair);
  connect(&selection, &Selection::selectionChanged, this, qOverload<>(&QWidget::update));
  connect(&gestures_, &TimeGestures::overlayChanged, this, qOverload<>(&QWidget::update));
}

void TimeCanvas::refresh() {
  frame_ = {};
  update();
  summary_changed(*this);
}

void TimeCanvas::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(palette());
  if (frame_.isNull() || frame_.devicePixelRatio() != devicePixelRatioF()) {
    frame_ = QPixmap(size() * devicePixelRatioF());
    frame_.setDevicePixelRatio(devicePixelRatioF());
    frame_.fill(theme.background);
    QPainter inner(&frame_);
    inner.setFont(font());
    axis_ = paintPicture(inner, rect(), theme);
  }
  QPainter painter(this);
  painter.drawPixmap(0, 0, frame_);
  if (!axis_.empty()) paintOverlay(painter, theme);
}

void TimeCanvas::paintOverlay(QPainter& painter, const Theme& theme) {
  if (const auto& dragged = gestures_.draggedArea())
    paint_marked_range(painter, axis_, dragged->range, theme);
  else if (const auto& area = selection_.area())
    paint_marked_range(painter, axis_, area->range, theme);
  if (const auto& zoom = gestures_.draggedZoom()) paint_zoom_range(painter, axis_, *zoom, theme);
  // On the labels of the axis.
  const qreal plate = axis_.plot().bottom() + 6 + QFontMetricsF(font()).height() / 2;
  paint_crosshair(painter, axis_, selection_.cursor(), plate, theme);
  crosshair_shown_ = crosshairRect();
}

QRect TimeCanvas::crosshairRect() const {
  return crosshair_rect(axis_, selection_.cursor(), axis_.plot().top(), height());
}

void TimeCanvas::moveCrosshair() {
  update(crosshair_shown_);
  crosshair_shown_ = crosshairRect();
  update(crosshair_shown_);
}

void TimeCanvas::resizeEvent(QResizeEvent*) {
  frame_ = {};
}

void TimeCanvas::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) frame_ = {};
}

void TimeCanvas::mousePressEvent(QMouseEvent* event) {
  gestures_.press(event->position(), event->button(), event->modifiers());
  setCursor(gestures_.shape());
}

void TimeCanvas::mouseMoveEvent(QMouseEvent* event) {
  gestures_.move(event->position(), event->buttons());
  if (cursor().shape() != gestures_.shape()) setCursor(gestures_.shape());
}

void TimeCanvas::mouseReleaseEvent(QMouseEvent* event) {
  gestures_.release(event->position(), event->button(), event->modifiers());
  setCursor(gestures_.shape());
}

void TimeCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) gestures_.doubleClick(event->position());
}

void TimeCanvas::wheelEvent(QWheelEvent* event) {
  gestures_.wheel(event->position(), notches_of(*event), event->modifiers());
  event->accept();
}

void TimeCanvas::keyPressEvent(QKeyEvent* event) {
  if (!gestures_.key(event->key(), event->modifiers())) QWidget::keyPressEvent(event);
}

void TimeCanvas::leaveEvent(QEvent*) {
  gestures_.leave();
}

bool TimeCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  return show_readout(*this, *help, readout(help->pos()));
}

}  // namespace moescope
