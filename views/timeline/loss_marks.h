// Times that a recording lost, on the rows that they concern: hatched, with a text that says what.
#pragma once

#include <QPainter>
#include <QString>

#include "core/trace/trace.h"
#include "views/common/theme.h"
#include "views/plot/axis/pixel_map.h"
#include "views/timeline/lanes/row_layout.h"

namespace moescope {

/// Whether records of `row` are among those that were lost.
bool concerns(const Loss& loss, const TimelineRow& row);
/// Whether a picture of `range` has any of them.
bool has_losses(const Trace& trace, TimeRange range);
/// Hatches the losses over the placed rows. `map` is of logical pixels.
void paint_losses(QPainter& painter, const Trace& trace, const RowLayout& layout,
                  const PixelMap& map, const Theme& theme);
/// Hatches the losses of all rows in one band as wide as `map`.
void paint_loss_band(QPainter& painter, const Trace& trace, const QRectF& band, const PixelMap& map,
                     const Theme& theme);
/// Rich text of the losses at a time of a row, within `tolerance` ns; "" for none.
QString loss_tooltip(const Trace& trace, const TimelineRow& row, TimeNs time, TimeNs tolerance);

}  // namespace moescope
