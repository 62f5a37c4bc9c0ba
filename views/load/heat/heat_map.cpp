#include "views/load/heat/heat_map.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>

#include "views/plot/readout.h"

namespace moescope {
namespace {
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
  summary_changed(*this);
}

QString HeatMap::summary() const {
  return picture_ && !picture_->empty() ? heat_summary(*picture_) : empty_text_;
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

void HeatMap::showPart(const PlaceWindow& rows, const PlaceWindow& columns) {
  const CellWindow window{rows.first, columns.first, rows.shown, columns.shown};
  if (window == window_) return;
  window_ = window;
  frame_ = {};
  update();
}

void HeatMap::fit() {
  if (picture_)
    showPart(PlaceWindow::whole(picture_->values.rows),
             PlaceWindow::whole(picture_->values.columns));
}

void HeatMap::zoomAt(QPointF pos, double factor) {
  if (!picture_ || picture_->empty()) return;
  const QRectF plot = layoutNow().plot;
  showPart(
      shownRows().zoomed(factor, (pos.y() - plot.top()) / plot.height(), picture_->values.rows),
      shownColumns().zoomed(factor, (pos.x() - plot.left()) / plot.width(),
                            picture_->values.columns));
}

void HeatMap::panBy(QPointF pixels) {
  const QRectF plot = layoutNow().plot;
  showPart(
      shownRows().moved(-pixels.y() / plot.height() * window_.rows, picture_->values.rows),
      shownColumns().moved(-pixels.x() / plot.width() * window_.columns, picture_->values.columns));
}

void HeatMap::mouseMoveEvent(QMouseEvent* event) {
  if (!picture_ || picture_->empty()) return;
  if ((event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) != 0) {
    const QPointF moved = event->position() - press_;
    if (!dragging_ && moved.manhattanLength() > kDragDistance) dragging_ = true;
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
  dragging_ = true;  // its release selects nothing
  fit();
}

void HeatMap::wheelEvent(QWheelEvent* event) {
  zoomAt(event->position(), zoom_of_notches(notches_of(*event).y()));
  event->accept();
}

void HeatMap::leaveEvent(QEvent*) {
  hover({});
}

void HeatMap::scrollTo(HeatCell cell) {
  showPart(shownRows().with(cell.row, picture_->values.rows),
           shownColumns().with(cell.column, picture_->values.columns));
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

/// Keys that move the selected cell.
bool HeatMap::moveKey(int key) {
  switch (key) {
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
    case Qt::Key_Escape:
      if (selected_ == HeatCell{}) return false;
      return select({}), true;
    default:
      return false;
  }
}

/// Keys that zoom and pan.
bool HeatMap::viewKey(int key, Qt::KeyboardModifiers modifiers) {
  const auto step = view_step_of(key, modifiers);
  const auto columns = step ? shownColumns().after(*step, picture_->values.columns) : std::nullopt;
  if (!columns) return false;
  const bool sideways = *step == ViewStep::Back || *step == ViewStep::On;
  showPart(sideways ? shownRows() : *shownRows().after(*step, picture_->values.rows), *columns);
  return true;
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
  const bool plain = !(event->modifiers() & ~Qt::KeypadModifier);
  const bool taken =
      picture_ && !picture_->empty() &&
      ((plain && moveKey(event->key())) || viewKey(event->key(), event->modifiers()));
  if (!taken) QWidget::keyPressEvent(event);
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
    return show_readout(*this, *help, text, rectOf(cell));
  }
  return QWidget::event(event);
}

}  // namespace moescope
