#include "views/load/series_chart.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>

#include "views/plot/readout.h"

namespace moescope {

SeriesChart::SeriesChart(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(180, 110);
}

void SeriesChart::setPicture(SeriesPicturePtr picture) {
  const int before = places();
  picture_ = std::move(picture);
  // A zoom stays while places are added.
  const bool zoomed = window_.shown < before && places() >= before;
  window_ = zoomed ? window_.within(places()) : PlaceWindow::whole(places());
  if (!picture_ || selected_ >= picture_->places) selected_ = -1;
  hovered_ = highlight_ = -1;
  if (picture_) setAccessibleName(places() > 0 ? picture_->title : picture_->empty_text);
  setAccessibleDescription(picture_ ? series_text(*picture_, selected_) : QString());
  update();
  summary_changed(*this);
}

QString SeriesChart::summary() const {
  return picture_ ? series_summary(*picture_) : QString();
}

void SeriesChart::showPart(const PlaceWindow& window) {
  if (window == window_) return;
  window_ = window;
  update();
}

QRectF SeriesChart::placeRect(int place) const {
  if (!picture_ || place < 0 || plot_.isEmpty()) return {};
  const qreal step = plot_.width() / window_.shown;
  const QRectF all(plot_.left() + (place - window_.first) * step, plot_.top(), step,
                   plot_.height());
  return all & plot_;
}

int SeriesChart::placeAt(QPointF pos) const {
  if (!picture_ || plot_.isEmpty() || pos.x() < plot_.left() || pos.x() >= plot_.right() ||
      pos.y() < plot_.top() || pos.y() > plot_.bottom())
    return -1;
  const double share = (pos.x() - plot_.left()) / plot_.width();
  const int place = static_cast<int>(window_.first + share * window_.shown);
  return std::min(place, picture_->places - 1);
}

void SeriesChart::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  if (!picture_) return;
  QColor shade = theme.selection;
  shade.setAlphaF(0.18F);
  if (picture_->places > 0 && selected_ >= 0) painter.fillRect(placeRect(selected_), shade);
  plot_ = paint_series_chart(painter, rect(), *picture_, theme, window_);
  const auto outline = [&](int place, const QColor& color) {
    const QRectF rect = placeRect(place);
    if (rect.isEmpty()) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1));
    painter.drawRect(rect);
  };
  outline(selected_, theme.selection);
  outline(hovered_ >= 0 ? hovered_ : highlight_, theme.cursor);
}

void SeriesChart::setSelected(int place) {
  if (!picture_ || place >= picture_->places) place = -1;
  if (place == selected_) return;
  selected_ = place;
  setAccessibleDescription(picture_ ? series_text(*picture_, selected_) : QString());
  update();
}

void SeriesChart::setHighlight(int place) {
  if (place == highlight_) return;
  highlight_ = place;
  update();
}

void SeriesChart::hover(int place) {
  if (place == hovered_) return;
  hovered_ = place;
  update();
  Q_EMIT placeHovered(place);
}

void SeriesChart::select(int place) {
  setSelected(place);
  Q_EMIT placeSelected(place);
}

void SeriesChart::mouseMoveEvent(QMouseEvent* event) {
  const QPointF pos = event->position();
  if ((event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) != 0 && !plot_.isEmpty()) {
    if ((pos - press_).manhattanLength() > kDragDistance) dragging_ = true;
    if (dragging_)
      showPart(window_.moved((last_.x() - pos.x()) / plot_.width() * window_.shown, places()));
    last_ = pos;
  }
  hover(placeAt(pos));
}

void SeriesChart::mousePressEvent(QMouseEvent* event) {
  press_ = last_ = event->position();
  dragging_ = false;
}

void SeriesChart::mouseReleaseEvent(QMouseEvent* event) {
  if (dragging_ || event->button() != Qt::LeftButton) return;
  if (const int place = placeAt(event->position()); place >= 0) select(place);
}

void SeriesChart::mouseDoubleClickEvent(QMouseEvent*) {
  dragging_ = true;  // its release selects nothing
  showPart(PlaceWindow::whole(places()));
}

void SeriesChart::wheelEvent(QWheelEvent* event) {
  if (plot_.isEmpty()) return;
  const double share = (event->position().x() - plot_.left()) / plot_.width();
  showPart(window_.zoomed(zoom_of_notches(notches_of(*event).y()), share, places()));
  event->accept();
}

void SeriesChart::leaveEvent(QEvent*) {
  hover(-1);
}

void SeriesChart::keyPressEvent(QKeyEvent* event) {
  const int last = places() - 1;
  int to = selected_;
  switch (event->key()) {
    case Qt::Key_Left:
      to = std::max(0, selected_ - 1);
      break;
    case Qt::Key_Right:
      to = std::min(last, selected_ + 1);
      break;
    case Qt::Key_Home:
      to = 0;
      break;
    case Qt::Key_End:
      to = last;
      break;
    default:
      const auto step = view_step_of(event->key(), event->modifiers());
      const auto next = step && last >= 0 ? window_.after(*step, places()) : std::nullopt;
      next ? showPart(*next) : QWidget::keyPressEvent(event);
      return;
  }
  if (last < 0) return;
  showPart(window_.with(to, places()));
  select(to);
}

bool SeriesChart::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip || !picture_) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int place = placeAt(help->pos());
  return show_readout(*this, *help, place < 0 ? picture_->note : series_text(*picture_, place),
                      placeRect(place));
}

}  // namespace moescope
