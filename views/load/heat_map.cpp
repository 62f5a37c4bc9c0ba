#include "views/load/heat_map.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace moescope {
namespace {
constexpr double kLeastCells = 4;
constexpr int kPage = 16;
}  // namespace

HeatMap::HeatMap(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(220, 120);
}

void HeatMap::setPicture(HeatPicturePtr picture) {
  const bool same = picture_ && picture && picture_->values.rows == picture->values.rows &&
                    picture_->values.columns == picture->values.columns;
  picture_ = std::move(picture);
  if (!same) {
    window_ = picture_ ? picture_->whole() : CellWindow{};
    hovered_ = highlight_ = selected_ = {};
  }
  setAccessibleName(picture_ ? picture_->title : empty_text_);
  frame_ = {};
  update();
}

void HeatMap::setEmptyText(const QString& text) {
  empty_text_ = text;
  if (!picture_) setAccessibleName(text);
  update();
}

HeatLayout HeatMap::layoutNow() const {
  return heat_layout(QFontMetricsF(font()), rect(), *picture_);
}

HeatCell HeatMap::cellAt(QPointF pos) const {
  if (!picture_ || picture_->empty()) return {};
  const QRectF plot = layoutNow().plot;
  if (!plot.contains(pos)) return {};
  const HeatCell cell{
      static_cast<int>(window_.row + (pos.y() - plot.top()) / plot.height() * window_.rows),
      static_cast<int>(window_.column + (pos.x() - plot.left()) / plot.width() * window_.columns)};
  return {std::min(cell.row, picture_->values.rows - 1),
          std::min(cell.column, picture_->values.columns - 1)};
}

QRectF HeatMap::rectOf(HeatCell cell) const {
  if (!picture_ || picture_->empty()) return {};
  return heat_rect(layoutNow(), window_, *picture_, cell.row, cell.column);
}

void HeatMap::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(palette());
  QPainter painter(this);
  if (!picture_ || picture_->empty()) {
    painter.fillRect(rect(), theme.background);
    paint_empty_text(painter, rect(), empty_text_, theme);
    return;
  }
  const HeatLayout layout = layoutNow();
  if (frame_.isNull()) {
    frame_ = QPixmap(size() * devicePixelRatioF());
    frame_.setDevicePixelRatio(devicePixelRatioF());
    frame_.fill(theme.background);
    QPainter inner(&frame_);
    inner.setFont(font());
    paint_heat_chart(inner, layout, *picture_, window_, theme);
  }
  painter.drawPixmap(0, 0, frame_);
  const auto outline = [&](HeatCell cell, const QColor& color, qreal width) {
    if (cell == HeatCell{}) return;
    const QRectF rect = heat_rect(layout, window_, *picture_, cell.row, cell.column);
    if (rect.isEmpty()) return;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(Qt::white, width + 2));
    painter.drawRect(rect.adjusted(-1, -1, 1, 1));
    painter.setPen(QPen(color, width));
    painter.drawRect(rect.adjusted(-1, -1, 1, 1));
  };
  outline(selected_, theme.dark ? QColor("#0B62D6") : theme.selection, 2);
  const HeatCell pointed = hovered_.valid() ? hovered_ : highlight_;
  outline(pointed, Qt::black, 1);
  const HeatCell shown = hovered_.valid() ? hovered_ : selected_;
  if (shown.valid())
    paint_bar_pointer(painter, layout, *picture_, picture_->values.at(shown.row, shown.column),
                      theme);
}

void HeatMap::resizeEvent(QResizeEvent*) {
  frame_ = {};
}

void HeatMap::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) frame_ = {};
}

void HeatMap::hover(HeatCell cell) {
  if (cell == hovered_) return;
  hovered_ = cell;
  update();
  Q_EMIT cellHovered(cell);
}

void HeatMap::select(HeatCell cell) {
  setSelected(cell);
  Q_EMIT cellSelected(cell);
}

void HeatMap::setSelected(HeatCell cell) {
  if (!picture_ || cell.row >= picture_->values.rows || cell.column >= picture_->values.columns)
    cell = {};
  if (cell == selected_) return;
  selected_ = cell;
  setAccessibleDescription(cell.valid() && cell_text_ ? cell_text_(cell) : QString());
  update();
}

void HeatMap::setHighlight(HeatCell cell) {
  if (cell == highlight_) return;
  highlight_ = cell;
  update();
}

void HeatMap::setWindow(CellWindow window) {
  if (!picture_) return;
  const double rows = picture_->values.rows, columns = picture_->values.columns;
  window.rows = std::clamp(window.rows, std::min(kLeastCells, rows), rows);
  window.columns = std::clamp(window.columns, std::min(kLeastCells, columns), columns);
  window.row = std::clamp(window.row, 0.0, rows - window.rows);
  window.column = std::clamp(window.column, 0.0, columns - window.columns);
  if (window == window_) return;
  window_ = window;
  frame_ = {};
  update();
}

void HeatMap::fit() {
  if (picture_) setWindow(picture_->whole());
}

void HeatMap::zoomAt(QPointF pos, double factor) {
  if (!picture_ || picture_->empty()) return;
  const QRectF plot = layoutNow().plot;
  const double x = std::clamp((pos.x() - plot.left()) / plot.width(), 0.0, 1.0);
  const double y = std::clamp((pos.y() - plot.top()) / plot.height(), 0.0, 1.0);
  CellWindow next = window_;
  next.rows = std::clamp(window_.rows * factor, std::min(kLeastCells, window_.rows),
                         double(picture_->values.rows));
  next.columns = std::clamp(window_.columns * factor, std::min(kLeastCells, window_.columns),
                            double(picture_->values.columns));
  next.row += y * (window_.rows - next.rows);
  next.column += x * (window_.columns - next.columns);
  setWindow(next);
}

void HeatMap::panBy(QPointF pixels) {
  const QRectF plot = layoutNow().plot;
  CellWindow next = window_;
  next.row -= pixels.y() / plot.height() * window_.rows;
  next.column -= pixels.x() / plot.width() * window_.columns;
  setWindow(next);
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
  if (!picture_ || picture_->empty()) return;
  if ((event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) != 0) {
    const QPointF moved = event->position() - press_;
    if (!dragging_ && moved.manhattanLength() > 4) dragging_ = true;
    if (dragging_) panBy(event->position() - last_);
    last_ = event->position();
  }
  hover(cellAt(event->position()));
}

void HeatMap::mousePressEvent(QMouseEvent* event) {
  press_ = last_ = event->position();
  dragging_ = false;
}

void HeatMap::mouseReleaseEvent(QMouseEvent* event) {
  if (dragging_ || event->button() != Qt::LeftButton) return;
  if (const HeatCell cell = cellAt(event->position()); cell.valid()) select(cell);
}

void HeatMap::mouseDoubleClickEvent(QMouseEvent*) {
  fit();
}

void HeatMap::wheelEvent(QWheelEvent* event) {
  zoomAt(event->position(), std::pow(0.8, event->angleDelta().y() / 120.0));
  event->accept();
}

void HeatMap::leaveEvent(QEvent*) {
  hover({});
}

void HeatMap::scrollTo(HeatCell cell) {
  CellWindow next = window_;
  next.row = std::min(next.row, double(cell.row));
  next.row = std::max(next.row, cell.row + 1 - next.rows);
  next.column = std::min(next.column, double(cell.column));
  next.column = std::max(next.column, cell.column + 1 - next.columns);
  setWindow(next);
}

void HeatMap::moveBy(int rows, int columns) {
  const HeatCell from{std::max(selected_.row, 0), std::max(selected_.column, 0)};
  const bool first = !selected_.valid();
  const HeatCell to{
      std::clamp(from.row + (first ? 0 : rows), 0, picture_->values.rows - 1),
      std::clamp(from.column + (first ? 0 : columns), 0, picture_->values.columns - 1)};
  scrollTo(to);
  select(to);
}

bool HeatMap::handleKey(QKeyEvent& event) {
  if (!picture_ || picture_->empty() || (event.modifiers() & ~Qt::KeypadModifier) != 0)
    return false;
  const QPointF middle = layoutNow().plot.center();
  const QSizeF step = layoutNow().plot.size() * 0.2;
  switch (event.key()) {
    case Qt::Key_Left:
      return moveBy(0, -1), true;
    case Qt::Key_Right:
      return moveBy(0, 1), true;
    case Qt::Key_Up:
      return moveBy(-1, 0), true;
    case Qt::Key_Down:
      return moveBy(1, 0), true;
    case Qt::Key_PageUp:
      return moveBy(-kPage, 0), true;
    case Qt::Key_PageDown:
      return moveBy(kPage, 0), true;
    case Qt::Key_Home:
      return moveBy(0, -picture_->values.columns), true;
    case Qt::Key_End:
      return moveBy(0, picture_->values.columns), true;
    case Qt::Key_W:
    case Qt::Key_Plus:
      return zoomAt(middle, 0.8), true;
    case Qt::Key_S:
    case Qt::Key_Minus:
      return zoomAt(middle, 1.25), true;
    case Qt::Key_A:
      return panBy({step.width(), 0}), true;
    case Qt::Key_D:
      return panBy({-step.width(), 0}), true;
    case Qt::Key_F:
      return fit(), true;
    case Qt::Key_Escape:
      if (selected_ == HeatCell{}) return false;
      return select({}), true;
    default:
      return false;
  }
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
  if (!handleKey(*event)) QWidget::keyPressEvent(event);
}

bool HeatMap::event(QEvent* event) {
  // Escape steps back in here first; the window has the key as well.
  if (event->type() == QEvent::ShortcutOverride && !(selected_ == HeatCell{}) &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const HeatCell cell = cellAt(help->pos());
    const QString text = cell.valid() && cell_text_ ? cell_text_(cell) : QString();
    if (text.isEmpty())
      QToolTip::hideText();
    else
      QToolTip::showText(help->globalPos(), text, this, rectOf(cell).toAlignedRect());
    return true;
  }
  return QWidget::event(event);
}

}  // namespace moescope
