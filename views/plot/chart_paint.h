// Drawing that all charts share: title, legend, hatching, table text.
#pragma once

#include <QColor>
#include <QPainter>
#include <QRectF>
#include <QString>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/trace/trace.h"
#include "views/common/theme.h"

namespace moescope {

/// Second cue beside the colour, so that a picture reads in grey as well.
/// Missing is for times and cells of which nothing, or not all, is known: crossed lines.
enum class Cue { None, Diagonal, Dots, Outline, Missing };

struct LegendEntry {
  QString text;
  QColor color;
  Cue cue = Cue::None;
};

/// Fills `rect` with `color` and the cue, in strokes that every output (also SVG) can hold.
void paint_filled(QPainter& painter, const QRectF& rect, const QColor& color, Cue cue,
                  const Theme& theme);
/// A bold title, cut so that the muted `aside` beside it at the right stays free; in one line.
void paint_title(QPainter& painter, const QRectF& line, const QString& title, const QString& aside,
                 const Theme& theme);
/// A bold title and below it a muted note, which may be empty, each cut to one line; returns the
/// height of both.
qreal paint_heading(QPainter& painter, const QRectF& area, const QString& title,
                    const QString& note, const Theme& theme);
/// Draws the entries in rows from the top left of `area`; returns the height used.
qreal paint_legend(QPainter& painter, const QRectF& area, const std::vector<LegendEntry>& entries,
                   const Theme& theme);
/// The height that paint_legend() will use in an area `width` wide.
qreal legend_height(const QFontMetricsF& metrics, qreal width,
                    const std::vector<LegendEntry>& entries);
/// A step of 1, 2 or 5 x 10^n that gives at most `count` steps over `length`.
double nice_step(double length, int count);

/// "rank 0 > GPU 0 (NVIDIA H800)".
QString device_label(const Trace& trace, const DeviceKey& key);
/// One CSV field, quoted where needed; see csv_text_field().
QString csv_field(const QString& text);
/// "whole trace" or "part of the trace".
QString csv_scope(TimeRange shown, TimeRange whole);
/// The last line of a file whose rows have times: "# scope: part of the trace, 100 to 900 ns".
QString csv_scope_line(TimeRange shown, TimeRange whole);
/// One TSV field: tabs and line ends become blanks; see spreadsheet_text().
QString tsv_field(QString text);
/// csv_field() for a comma, else tsv_field().
QString table_field(const QString& text, QChar separator);

}  // namespace moescope
