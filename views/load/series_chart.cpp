#include "views/load/series_chart.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>

namespace moescope {

SeriesChart::SeriesChart(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(180, 110);
}

void SeriesChart::setPicture(SeriesPicturePtr picture) {
  picture_ = std::move(picture);
  if (!picture_ || selected_ >= picture_->places) selected_ = -1;
  hovered_ = highlight_ = -1;
  setAccessibleName(picture_ ? picture_->title : QString());
  setAccessibleDescription(picture_ ? series_text(*picture_, selected_) : QString());
  update();
}

QRectF SeriesChart::placeRect(int place) const {
  if (!picture_ || place < 0 || plot_.isEmpty()) return {};
  const qreal step = plot_.width() / picture_->places;
  return QRectF(plot_.left() + place * step, plot_.top(), step, plot_.height());
}

int SeriesChart::placeAt(QPointF pos) const {
  if (!picture_ || plot_.isEmpty() || pos.x() < plot_.left() || pos.x() >= plot_.right() ||
      pos.y() < plot_.top() || pos.y() > plot_.bottom())
    return -1;
  const int place = static_cast<int>((pos.x() - plot_.left()) / plot_.width() * picture_->places);
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
  plot_ = paint_series_chart(painter, rect(), *picture_, theme);
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
  hover(placeAt(event->position()));
}

void SeriesChart::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (const int place = placeAt(event->position()); place >= 0) select(place);
}

void SeriesChart::leaveEvent(QEvent*) {
  hover(-1);
}

void SeriesChart::keyPressEvent(QKeyEvent* event) {
  const int last = picture_ ? picture_->places - 1 : -1;
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
      QWidget::keyPressEvent(event);
      return;
  }
  if (last >= 0) select(to);
}

bool SeriesChart::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && picture_) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int place = placeAt(help->pos());
    QToolTip::showText(help->globalPos(),
                       place < 0 ? picture_->note : series_text(*picture_, place), this,
                       placeRect(place).toAlignedRect());
    return true;
  }
  return QWidget::event(event);
}

}  // namespace moescope
