// What is written about a span: tooltips, accessible names.
#pragma once

#include <QString>

#include "views/timeline/lanes/timeline_scene.h"

namespace moescope {

/// Rich text: duration, short name, class, share of the visible range, where; `full` also has the
/// whole name, the rule of the class, and times to the ns.
QString span_tooltip(TimelineScene& scene, SpanRef ref, const Span& span, bool full);
/// One line: "combine, dispatch, 1.20 ms at 0.120 s".
QString span_summary(TimelineScene& scene, SpanRef ref, const Span& span);
/// Rich text for a row: its path and how it is used.
QString row_tooltip(const TimelineScene& scene, const TimelineRow& row);
/// What the timeline shows: rows, spans, the visible range and the selected span, in words.
QString timeline_summary(TimelineScene& scene);
/// Rich text for a place on an overlap ribbon.
QString ribbon_tooltip(const TimelineScene& scene, const TimelineRow& row, TimeNs time);

}  // namespace moescope
