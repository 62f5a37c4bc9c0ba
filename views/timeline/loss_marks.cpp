#include "views/timeline/loss_marks.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>
#include <vector>

#include "core/analysis/overlap/losses.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

constexpr int kLeastWidth = 3;  ///< px, so that a short loss in a long trace is seen

/// Columns of the losses, of one row when there is one, joined where they touch.
std::vector<PixelRun> runs_of(const std::vector<const Loss*>& losses, const TimelineRow* row,
                              const PixelMap& map) {
  std::vector<PixelRun> runs;
  for (const Loss* loss : losses) {
    if (row != nullptr && !concerns(*loss, *row)) continue;
    PixelRun run = map.columns(loss->when.begin, loss->when.end);
    if (run.empty()) continue;
    run.last = std::max(run.last, std::min(run.first + kLeastWidth, map.width()));
    if (!runs.empty() && run.first <= runs.back().last && run.last >= runs.back().first)
      runs.back() = runs.back().hull(run);
    else
      runs.push_back(run);
  }
  return runs;
}

std::vector<const Loss*> shown_losses(const Trace& trace, const PixelMap& map) {
  std::vector<const Loss*> shown;
  for (const Loss& loss : trace.losses())
    if (!map.columns(loss.when.begin, loss.when.end).empty()) shown.push_back(&loss);
  return shown;
}

}  // namespace

bool concerns(const Loss& loss, const TimelineRow& row) {
  if (loss.process && *loss.process != row.key.process) return false;
  return !loss.track || row.key.kind != RowKind::Track || *loss.track == row.key.track;
}

bool has_losses(const Trace& trace, TimeRange range) {
  return !losses_in(trace, range).empty();
}

void paint_losses(QPainter& painter, const Trace& trace, const RowLayout& layout,
                  const PixelMap& map, const Theme& theme) {
  const auto shown = shown_losses(trace, map);
  if (shown.empty()) return;
  for (const PlacedRow& placed : layout.placed()) {
    const double top = layout.top(placed);
    const double bottom = std::min(placed.y + placed.height, layout.height());
    if (bottom <= top) continue;
    for (const PixelRun& run : runs_of(shown, placed.row, map))
      paint_filled(painter, QRectF(run.first, top, run.width(), bottom - top), Qt::transparent,
                   Cue::Missing, theme);
  }
}

void paint_loss_band(QPainter& painter, const Trace& trace, const QRectF& band, const PixelMap& map,
                     const Theme& theme) {
  for (const PixelRun& run : runs_of(shown_losses(trace, map), nullptr, map))
    paint_filled(painter, QRectF(band.left() + run.first, band.top(), run.width(), band.height()),
                 Qt::transparent, Cue::Missing, theme);
}

QString loss_tooltip(const Trace& trace, const TimelineRow& row, TimeNs time, TimeNs tolerance) {
  constexpr int kMostLines = 5;
  QStringList lines;
  for (const Loss& loss :
       losses_in(trace, TimeRange{PixelMap::difference(time, tolerance), time + tolerance + 1})) {
    if (!concerns(loss, row)) continue;
    if (lines.size() == kMostLines) {
      lines << QCoreApplication::translate("Timeline", "and more");
      break;
    }
    lines << QString::fromStdString(describe(loss, trace)).toHtmlEscaped();
  }
  if (lines.isEmpty()) return {};
  return "<b>" + QCoreApplication::translate("Timeline", "Not in the recording") + "</b><br>" +
         lines.join("<br>");
}

}  // namespace moescope
