#include "views/plot/crosshair.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "views/common/positions.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr int kPlateReach = 180;  // px from the line: the longest time on a plate kept inside
constexpr int kBeside = 10;       // px beside the plot, where the sides of a range are not seen

/// The sides of `range`, cut to a little more than the plot.
std::pair<qreal, qreal> sides(const TimeAxis& axis, TimeRange range) {
  const qreal low = axis.plot().left() - kBeside;
  const qreal high = axis.plot().left() + axis.plot().width() + kBeside;
  return {std::clamp(axis.x(range.begin), low, high), std::clamp(axis.x(range.end), low, high)};
}

}  // namespace

void paint_plate(QPainter& painter, QPointF centre, const QString& text, const QColor& color,
                 qreal left, qreal right) {
  const QFontMetricsF metrics(painter.font());
  QRectF plate(0, 0, metrics.horizontalAdvance(text) + 12, metrics.height() + 4);
  plate.moveCenter(centre);
  plate.moveLeft(std::clamp(plate.left(), left, std::max(left, right - plate.width())));
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawRect(plate);
  painter.setPen(Theme::text_on(color));
  painter.drawText(plate, Qt::AlignCenter, text);
}

void paint_crosshair(QPainter& painter, const TimeAxis& axis, std::optional<TimeNs> time,
                     qreal plate_y, const Theme& theme) {
  if (!time || axis.empty() || !axis.shows(*time)) return;
  const QRect& plot = axis.plot();
  QColor line = theme.cursor;
  line.setAlpha(150);
  painter.fillRect(QRect(axis.column(*time), plot.top(), 1, plot.height()), line);
  paint_plate(painter, {axis.x(*time), plate_y},
              format_position(*time, axis.nsPerPixel(), position_unit(axis.range().end)),
              theme.cursor, plot.left(), plot.left() + plot.width());
}

QRect crosshair_rect(const TimeAxis& axis, std::optional<TimeNs> time, int top, int bottom) {
  if (!time || axis.empty() || !axis.shows(*time)) return {};
  return {axis.column(*time) - kPlateReach, top, 2 * kPlateReach, bottom - top};
}

void paint_marked_range(QPainter& painter, const TimeAxis& axis, TimeRange range,
                        const Theme& theme) {
  const auto [left, right] = sides(axis, range);
  const QRectF plot = axis.plot();
  QColor fill = theme.selection;
  fill.setAlpha(50);
  painter.save();
  painter.setClipRect(plot, Qt::IntersectClip);
  painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), fill);
  painter.setPen(QPen(theme.selection, 1));
  painter.drawLine(QPointF(left, plot.top()), QPointF(left, plot.bottom()));
  painter.drawLine(QPointF(right, plot.top()), QPointF(right, plot.bottom()));
  if (right > plot.left() && left < plot.right())
    paint_plate(painter, {(left + right) / 2, plot.bottom() - 14}, format_time(range.length()),
                theme.selection, plot.left(), plot.right());
  painter.restore();
}

void paint_zoom_range(QPainter& painter, const TimeAxis& axis, TimeRange range,
                      const Theme& theme) {
  const QRectF plot = axis.plot();
  QColor veil = theme.background;
  veil.setAlpha(140);
  const qreal left = axis.x(range.begin), right = axis.x(range.end);
  painter.save();
  painter.setClipRect(plot, Qt::IntersectClip);
  painter.fillRect(QRectF(plot.left(), plot.top(), left - plot.left(), plot.height()), veil);
  painter.fillRect(QRectF(right, plot.top(), plot.right() - right, plot.height()), veil);
  paint_plate(
      painter, {(left + right) / 2, plot.top() + 14},
      QCoreApplication::translate("Timeline", "zoom to %1").arg(format_time(range.length())),
      theme.cursor, plot.left(), plot.right());
  painter.restore();
}

}  // namespace moescope
