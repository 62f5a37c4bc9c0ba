#include "views/timeline/timeline_overlay.h"

#include <algorithm>
#include <cmath>

#include "views/common/units.h"

namespace moescope {

TimelineOverlay::TimelineOverlay(QCustomPlot* plot, TimelineScene& scene,
                                 TimelineInteraction& interaction)
    : QCPLayerable(plot, "overlay"),
      scene_(scene),
      interaction_(interaction),
      theme_(Theme::light()) {}

void TimelineOverlay::applyDefaultAntialiasingHint(QCPPainter* painter) const {
  painter->setAntialiasing(false);
}

void TimelineOverlay::draw(QCPPainter* painter) {
  painter->save();
  painter->translate(area_.topLeft());
  if (!scene_.hasTrace() || scene_.layout().placed().empty()) {
    drawEmptyState(*painter);
    painter->restore();
    return;
  }
  const QRect lanes(QPoint(0, 0), area_.size());
  painter->save();
  painter->setClipRect(lanes, Qt::IntersectClip);
  drawMarkedRow(*painter);
  if (const auto& area = interaction_.draggedArea())
    drawArea(*painter, *area);
  else if (scene_.context().area())
    drawArea(*painter, *scene_.context().area());
  if (interaction_.draggedZoom()) drawZoom(*painter, *interaction_.draggedZoom());
  drawSelection(*painter);
  drawMeasure(*painter);
  painter->restore();
  drawCursor(*painter);
  if (const int pinned = scene_.layout().pinnedHeight(); pinned > 0) {
    painter->setPen(QPen(theme_.muted_text, 1));
    painter->drawLine(QLineF(0, pinned, area_.width(), pinned));
  }
  painter->restore();
}

void TimelineOverlay::drawEmptyState(QPainter& painter) {
  QString text;
  if (!scene_.trace())
    text =
        tr("No trace is open.\nOpen or drop a PyTorch profiler or Nsight Systems file to see "
           "its timeline.");
  else if (!scene_.hasTrace())
    text = tr("This trace has no spans, so there is nothing to draw.");
  else if (scene_.context().processFilter())
    text = tr("The rank filter leaves no rows. Choose all ranks to see them again.");
  else
    text = tr("All rows are hidden. Use \"Show all rows\" to bring them back.");
  painter.setPen(theme_.muted_text);
  painter.drawText(QRect(QPoint(0, 0), area_.size()), Qt::AlignCenter | Qt::TextWordWrap, text);
}

void TimelineOverlay::drawPlate(QPainter& painter, QPointF centre, const QString& text,
                                const QColor& color) {
  const QFontMetricsF metrics(painter.font());
  QRectF plate(0, 0, metrics.horizontalAdvance(text) + 12, metrics.height() + 4);
  plate.moveCenter(centre);
  plate.moveLeft(std::clamp(plate.left(), 0.0, std::max(0.0, area_.width() - plate.width())));
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawRect(plate);
  painter.setPen(Theme::text_on(color));
  painter.drawText(plate, Qt::AlignCenter, text);
}

void TimelineOverlay::drawArea(QPainter& painter, const AreaSelection& area) {
  const PixelMap map = scene_.map();
  const double limit = map.width() + 10.0;
  const double x0 = std::clamp(map.x(area.range.begin), -10.0, limit);
  const double x1 = std::clamp(map.x(area.range.end), -10.0, limit);
  QColor fill = theme_.selection;
  fill.setAlpha(50);
  const auto& layout = scene_.layout();
  for (const auto& placed : layout.placed()) {
    const auto& key = placed.row->key;
    const bool in = area.tracks.empty() ||
                    (key.kind == RowKind::Track && std::find(area.tracks.begin(), area.tracks.end(),
                                                             key.track) != area.tracks.end());
    if (!in) continue;
    const double top = layout.top(placed);
    painter.fillRect(QRectF(x0, top, x1 - x0, placed.y + placed.height - top), fill);
  }
  painter.setPen(QPen(theme_.selection, 1));
  painter.drawLine(QPointF(x0, 0), QPointF(x0, area_.height()));
  painter.drawLine(QPointF(x1, 0), QPointF(x1, area_.height()));
  drawPlate(painter, {(x0 + x1) / 2, area_.height() - 14.0}, format_time(area.range.length()),
            theme_.selection);
}

void TimelineOverlay::drawZoom(QPainter& painter, TimeRange range) {
  const PixelMap map = scene_.map();
  QColor veil = theme_.background;
  veil.setAlpha(140);
  const double x0 = map.x(range.begin), x1 = map.x(range.end);
  painter.fillRect(QRectF(0, 0, x0, area_.height()), veil);
  painter.fillRect(QRectF(x1, 0, area_.width() - x1, area_.height()), veil);
  drawPlate(painter, {(x0 + x1) / 2, 14}, tr("zoom to %1").arg(format_time(range.length())),
            theme_.cursor);
}

void TimelineOverlay::drawMarkedRow(QPainter& painter) {
  if (!marked_row_) return;
  const auto* placed = scene_.layout().find(*marked_row_);
  if (!placed) return;
  painter.setPen(QPen(theme_.selection, 2));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRectF(-2, placed->y, area_.width() + 4, placed->height));
}

void TimelineOverlay::drawSpan(QPainter& painter, SpanRef ref, const QColor& color, double width) {
  const auto span = scene_.span(ref);
  if (!span) return;
  const QRectF rect = scene_.rectOf(*span, ref.track);
  if (rect.isEmpty()) return;
  const auto* placed = scene_.layout().rowOf(ref.track);
  painter.save();
  if (!placed->pinned)
    painter.setClipRect(QRectF(0, scene_.layout().pinnedHeight(), area_.width(), area_.height()),
                        Qt::IntersectClip);
  QPen pen(color, width);
  pen.setJoinStyle(Qt::MiterJoin);
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect.adjusted(0, 0, -1, -1));
  painter.restore();
}

void TimelineOverlay::drawSelection(QPainter& painter) {
  const auto& context = scene_.context();
  if (context.hovered().valid()) drawSpan(painter, context.hovered(), theme_.cursor, 1);
  for (const auto& ref : context.selectedSpans()) drawSpan(painter, ref, theme_.selection, 2);
}

void TimelineOverlay::drawCursor(QPainter& painter) {
  const auto cursor = scene_.context().cursor();
  if (!cursor) return;
  const PixelMap map = scene_.map();
  const double x = map.x(*cursor);
  if (x < 0 || x >= map.width()) return;
  QColor color = theme_.cursor;
  color.setAlpha(150);
  painter.setPen(QPen(color, 1));
  painter.drawLine(QPointF(std::floor(x), 0), QPointF(std::floor(x), area_.height()));
  drawPlate(painter, {x, -area_.top() / 2.0}, format_position(*cursor, map.nsPerPixel()),
            theme_.cursor);
}

void TimelineOverlay::drawMeasure(QPainter& painter) {
  const auto& measure = interaction_.measure();
  if (!measure.active()) return;
  const PixelMap map = scene_.map();
  painter.setPen(QPen(theme_.selection, 1, Qt::DashLine));
  const auto line = [&](TimeNs time) {
    const double x = std::floor(map.x(time));
    painter.drawLine(QPointF(x, 0), QPointF(x, area_.height()));
  };
  if (measure.first()) line(*measure.first());
  if (measure.second()) line(*measure.second());
  const double y = std::clamp(interaction_.pointer().y() - 18, 12.0, area_.height() - 12.0);
  if (!measure.distance()) {
    const double x = measure.first() ? map.x(*measure.first()) : area_.width() / 2.0;
    drawPlate(painter, {x, y}, tr("click the first point"), theme_.selection);
    return;
  }
  const double x0 = map.x(*measure.first()), x1 = map.x(*measure.second());
  const double arrow_y = measure.complete() ? area_.height() / 2.0 : y;
  painter.setPen(QPen(theme_.selection, 1));
  painter.drawLine(QPointF(x0, arrow_y), QPointF(x1, arrow_y));
  const TimeNs distance = std::abs(*measure.distance());
  drawPlate(painter, {(x0 + x1) / 2, arrow_y},
            tr("%1 (%2)").arg(format_time(distance), format_time_full(distance)), theme_.selection);
}

}  // namespace moescope
