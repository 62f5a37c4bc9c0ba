#include "views/timeline/row_header.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include "views/common/theme.h"
#include "views/timeline/span_text.h"

namespace moescope {
namespace {

constexpr int kIndent = 12, kFoldSize = 8, kPinSize = 16;

void paint_fold(QPainter& painter, QPointF centre, bool collapsed, const QColor& color) {
  const double s = kFoldSize / 2.0;
  QPolygonF triangle;
  if (collapsed)
    triangle << QPointF(-s / 2, -s) << QPointF(s / 2, 0) << QPointF(-s / 2, s);
  else
    triangle << QPointF(-s, -s / 2) << QPointF(s, -s / 2) << QPointF(0, s / 2);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawPolygon(triangle.translated(centre));
  painter.restore();
}

void paint_pin(QPainter& painter, const QRectF& rect, bool pinned, const QColor& color) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(color, 1.4));
  painter.setBrush(pinned ? QBrush(color) : QBrush(Qt::NoBrush));
  const QPointF c = rect.center();
  painter.drawRect(QRectF(c.x() - 3, c.y() - 5, 6, 5));
  painter.drawLine(c + QPointF(-5, 0.5), c + QPointF(5, 0.5));
  painter.drawLine(c + QPointF(0, 0.5), c + QPointF(0, 6));
  painter.restore();
}

}  // namespace

void paint_row_name(QPainter& painter, const TimelineRow& row, const QRectF& rect,
                    const Theme& theme, int lane_height, bool with_marks) {
  const bool heading = row.heading();
  QFont font = painter.font();
  font.setBold(heading);
  painter.save();
  painter.setFont(font);
  double left = rect.left() + 6 + row.indent * kIndent;
  const double line_height =
      row.key.kind == RowKind::Track ? std::min<double>(rect.height(), lane_height) : rect.height();
  const QRectF line(rect.left(), rect.top(), rect.width(), line_height);
  if (row.collapsible && with_marks)
    paint_fold(painter, {left + kFoldSize / 2.0, line.center().y()}, row.collapsed,
               theme.muted_text);
  if (with_marks) left += kFoldSize + 5;
  const QFontMetricsF metrics(font);
  if (metrics.height() > line_height + 4) {  // compact lanes: a name would lie over its neighbours
    painter.restore();
    return;
  }
  const double room = rect.right() - left - 4;
  const QString title =
      metrics.elidedText(row.title, row.pinned ? Qt::ElideLeft : Qt::ElideRight, room);
  painter.setPen(theme.text);
  painter.drawText(QRectF(left, line.top(), room, line_height),
                   Qt::AlignVCenter | Qt::TextSingleLine, title);
  const double used = metrics.horizontalAdvance(title) + 8;
  font.setBold(false);
  painter.setFont(font);
  if (!row.detail.isEmpty() && room - used > 30) {
    painter.setPen(theme.muted_text);
    painter.drawText(QRectF(left + used, line.top(), room - used, line_height),
                     Qt::AlignVCenter | Qt::TextSingleLine,
                     QFontMetricsF(font).elidedText(row.detail, Qt::ElideRight, room - used));
  }
  painter.restore();
}

RowHeader::RowHeader(TimelineScene& scene, TimelineInteraction& interaction, int top,
                     QWidget* parent)
    : QWidget(parent), scene_(scene), interaction_(interaction), top_(top) {
  setMouseTracking(true);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setAccessibleName(tr("Timeline row names"));
  connect(&scene, &TimelineScene::placesChanged, this, qOverload<>(&QWidget::update));
  connect(&interaction, &TimelineInteraction::hoveredRowChanged, this,
          qOverload<>(&QWidget::update));
}

void RowHeader::setAxisTitle(const QString& title) {
  if (title == axis_title_) return;
  axis_title_ = title;
  update();
}

QRect RowHeader::pinRect(const PlacedRow& placed) const {
  const int height = std::min(placed.height, scene_.layout().laneHeight() + RowLayout::kGap);
  return {width() - kPinSize - 4, top_ + placed.y, kPinSize, height};
}

void RowHeader::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(palette());
  QPainter painter(this);
  painter.fillRect(rect(), theme.background);
  const QRect corner(0, 0, width(), top_);
  painter.setPen(theme.muted_text);
  painter.drawText(corner.adjusted(6, 0, -8, 0), Qt::AlignVCenter | Qt::AlignRight,
                   painter.fontMetrics().elidedText(axis_title_, Qt::ElideLeft, width() - 14));
  const auto& layout = scene_.layout();
  painter.save();
  for (const bool pinned : {true, false}) {
    painter.setClipRect(pinned ? QRect(0, top_, width(), layout.pinnedHeight())
                               : QRect(0, top_ + layout.pinnedHeight(), width(), height()));
    for (const auto& placed : layout.placed())
      if (placed.pinned == pinned) paintRow(painter, placed, theme);
  }
  painter.restore();
  painter.setPen(theme.grid);
  painter.drawLine(width() - 1, 0, width() - 1, height());
  painter.drawLine(0, top_ - 1, width(), top_ - 1);
  if (layout.pinnedHeight() > 0) {
    painter.setPen(theme.muted_text);
    painter.drawLine(0, top_ + layout.pinnedHeight(), width(), top_ + layout.pinnedHeight());
  }
}

void RowHeader::paintRow(QPainter& painter, const PlacedRow& placed, const Theme& theme) {
  const auto& row = *placed.row;
  QRect rect(0, top_ + placed.y, width(), placed.height);
  const bool hovered = interaction_.hoveredRow() == row.key;
  if (row.shaded()) painter.fillRect(rect, theme.alternate);
  if (hovered) {
    QColor tint = theme.selection;
    tint.setAlpha(28);
    painter.fillRect(rect, tint);
  }
  const bool show_pin = row.canPin() && (row.pinned || hovered) && placed.height >= 12;
  paint_row_name(painter, row, show_pin ? rect.adjusted(0, 0, -kPinSize - 4, 0) : rect, theme,
                 scene_.layout().laneHeight(), true);
  if (show_pin) paint_pin(painter, pinRect(placed), row.pinned, theme.muted_text);
}

const TimelineRow* RowHeader::rowAt(QPoint pos) const {
  return pos.y() < top_ ? nullptr : scene_.layout().at(pos.y() - top_).row;
}

void RowHeader::mousePressEvent(QMouseEvent* event) {
  const auto* row = rowAt(event->pos());
  if (!row || event->button() != Qt::LeftButton) return;
  const RowKey key = row->key;
  const auto* placed = scene_.layout().find(key);
  if (row->canPin() && placed && pinRect(*placed).contains(event->pos())) {
    scene_.setPinned(key, !row->pinned);
  } else if (row->collapsible) {
    scene_.rows().toggle(key);
  }
}

void RowHeader::mouseMoveEvent(QMouseEvent* event) {
  const auto* row = rowAt(event->pos());
  interaction_.setHoveredRow(row ? std::optional(row->key) : std::nullopt);
}

void RowHeader::leaveEvent(QEvent* event) {
  interaction_.setHoveredRow({});
  QWidget::leaveEvent(event);
}

void RowHeader::wheelEvent(QWheelEvent* event) {
  interaction_.wheel({0, 0}, {0, event->angleDelta().y() / 120.0}, Qt::NoModifier);
  event->accept();
}

void RowHeader::contextMenuEvent(QContextMenuEvent* event) {
  const auto* row = rowAt(event->pos());
  interaction_.setHoveredRow(row ? std::optional(row->key) : std::nullopt);
  Q_EMIT contextMenuWanted(event->globalPos());
}

bool RowHeader::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  if (const auto* row = rowAt(help->pos()))
    QToolTip::showText(help->globalPos(), row_tooltip(scene_, *row), this);
  else
    QToolTip::hideText();
  return true;
}

}  // namespace moescope
