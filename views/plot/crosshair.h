// The line of the pointer in time, drawn by every chart with a time axis: Selection::cursor().
#pragma once

#include <QPainter>
#include <QRectF>
#include <QString>
#include <optional>

#include "views/common/theme.h"
#include "views/plot/axis/time_axis.h"

namespace moescope {

/// A small text on a plate around `centre`, kept between `left` and `right`.
void paint_plate(QPainter& painter, QPointF centre, const QString& text, const QColor& color,
                 qreal left, qreal right);

/// A line over the height of the plot, and the time on a plate whose middle is at `plate_y`;
/// nothing for a time that the axis does not show.
void paint_crosshair(QPainter& painter, const TimeAxis& axis, std::optional<TimeNs> time,
                     qreal plate_y, const Theme& theme);
/// What that covers between `top` and `bottom`, to be drawn again when the pointer moves.
QRect crosshair_rect(const TimeAxis& axis, std::optional<TimeNs> time, int top, int bottom);

/// A range that is being marked or is marked, with its length at the lower side.
void paint_marked_range(QPainter& painter, const TimeAxis& axis, TimeRange range,
                        const Theme& theme);
/// A range that is being chosen to zoom to: what lies beside it is veiled.
void paint_zoom_range(QPainter& painter, const TimeAxis& axis, TimeRange range, const Theme& theme);

}  // namespace moescope
