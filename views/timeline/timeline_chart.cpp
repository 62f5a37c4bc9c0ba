#include "views/timeline/timeline_chart.h"

#include <QCoreApplication>
#include <algorithm>

#include "core/analysis/overlap/losses.h"
#include "core/analysis/overlap/paced_links.h"
#include "core/plain_text.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"
#include "views/timeline/lanes/lane_raster.h"
#include "views/timeline/loss_marks.h"
#include "views/timeline/row_header.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("TimelineView", text);
}

constexpr int kTitleHeight = 30, kAxisHeight = 40, kMargin = 12;
constexpr std::uint64_t kMaxCsvRows = 500'000;

QString utf8(std::string_view s) {
  return QString::fromUtf8(s.data(), static_cast<qsizetype>(s.size()));
}

/// Names are quoted whether they need it or not.
QString quoted(const QString& text) {
  QString field = QString::fromStdString(spreadsheet_text(text.toStdString()));
  return '"' + field.replace('"', "\"\"") + '"';
}

std::vector<LegendEntry> legend_entries(const std::set<CellColor>& colors, bool ribbons,
                                        const Theme& theme) {
  const LanePalette palette(theme);
  std::vector<LegendEntry> entries;
  bool host = false;  // one entry for its shades
  for (const auto color : colors) {
    const SpanClass c = class_of_cell(color);
    if (c == SpanClass::Host && std::exchange(host, true)) continue;
    const bool waits = color & kCellWaits;
    entries.push_back({class_label(c, waits),
                       waits ? theme.color(c) : QColor(palette.fill(color, kFullLevel)),
                       waits ? Cue::Diagonal : Cue::None});
  }
  if (!ribbons) return entries;
  entries.push_back({tr("overlap: compute only"), theme.ribbon_compute, Cue::None});
  entries.push_back({tr("overlap: both"), theme.ribbon_both, Cue::None});
  entries.push_back({tr("overlap: communication only (exposed)"), theme.ribbon_exposed, Cue::None});
  return entries;
}

/// Below the lanes.
void paint_axis(QPainter& painter, const TimeAxis& axis, const TimeTicks& ticks,
                const Theme& theme) {
  PlotPanel panel(axis.plot(), painter.font(), theme);
  panel.setTimes(axis, ticks);
  panel.draw(painter);
}

}  // namespace

TimelineChart::TimelineChart(TimelineScene& scene, const QFont& font)
    : scene_(scene), font_(font) {}

void TimelineChart::paintTitle(QPainter& painter, int width, const Theme& theme) const {
  painter.save();
  QFont font = painter.font();
  font.setPixelSize(15);
  font.setBold(true);
  painter.setFont(font);
  painter.setPen(theme.text);
  const QString files = scene_.document().files().join(", ");
  const QString title =
      (files.isEmpty() ? tr("Timeline") : tr("Timeline: %1").arg(files)) +
      (scene_.hasTrace() ? QString::fromStdString(paced_links_mark(scene_.trace()->info()))
                         : QString());
  painter.drawText(QRect(kMargin, 0, width - 2 * kMargin, kTitleHeight), Qt::AlignVCenter,
                   QFontMetrics(font).elidedText(title, Qt::ElideMiddle, width - 2 * kMargin));
  painter.restore();
}

void TimelineChart::paintLanes(QPainter& painter, const QRect& lanes, const RowLayout& layout,
                               LaneRenderer& renderer, const Theme& theme) {
  painter.save();
  painter.translate(lanes.topLeft());
  renderer.drawVector(painter);
  paint_losses(painter, *scene_.trace(), layout, TimeAxis(scene_.selection().range(), lanes).map(),
               theme);
  LabelCache labels;
  QFont small = painter.font();
  small.setPixelSize(11);
  labels.setFont(small);
  painter.setClipRect(QRect(QPoint(0, 0), lanes.size()), Qt::IntersectClip);
  renderer.drawLabels(painter, labels);
  painter.restore();
  painter.save();
  painter.setClipRect(QRect(0, lanes.top(), lanes.left(), lanes.height()), Qt::IntersectClip);
  for (const auto& placed : layout.placed())
    paint_row_name(
        painter, *placed.row,
        QRectF(kMargin, lanes.top() + placed.y, lanes.left() - kMargin - 4, placed.height), theme,
        layout.laneHeight(), false);
  painter.restore();
}

void TimelineChart::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  painter.save();
  QFont font = font_;
  font.setPixelSize(12);
  painter.setFont(font);
  painter.fillRect(QRect(QPoint(0, 0), size), theme.background);
  paintTitle(painter, size.width(), theme);
  if (!scene_.hasTrace()) {
    painter.setPen(theme.muted_text);
    painter.drawText(QRect(QPoint(0, 0), size), Qt::AlignCenter, tr("No trace is open."));
    painter.restore();
    return;
  }
  const BlockingScene whole(scene_);  // a picture in a file shows everything or fails
  const int names = std::clamp(size.width() / 5, 80, 260);
  QRect lanes(kMargin + names, kTitleHeight, std::max(10, size.width() - names - 2 * kMargin),
              std::max(10, size.height() - kTitleHeight - kAxisHeight));
  RowLayout layout;
  LaneRenderer renderer;
  LaneCanvas canvas{scene_.selection().range(), lanes.size(), 1, theme,
                    time_ticks(scene_.selection().range(), lanes.width(), 90)};
  const auto lay_out = [&] {
    canvas.size = lanes.size();
    layout.update(scene_.rows(), scene_.layout().laneHeight(), lanes.height(), 0);
    renderer.prepare({scene_.source(), layout, scene_.looks()}, canvas, kMinLabelColumns);
  };
  lay_out();  // determines the classes of the legend, which takes room from the lanes
  const QRectF above(kMargin, kTitleHeight, size.width() - 2 * kMargin, 0);
  auto entries = legend_entries(renderer.colorsInUse(), !scene_.ribbons().empty(), theme);
  if (has_losses(*scene_.trace(), scene_.selection().range()))
    entries.push_back(
        {tr("lost: missing, fully or partly, from the recording"), Qt::transparent, Cue::Missing});
  const qreal legend = paint_legend(painter, above, entries, theme);
  lanes.setTop(std::min(kTitleHeight + static_cast<int>(legend) + 6, lanes.bottom() - 10));
  lay_out();
  paintLanes(painter, lanes, layout, renderer, theme);
  paint_axis(painter, {scene_.selection().range(), lanes}, canvas.ticks, theme);
  painter.restore();
}

namespace {

/// Everything one CSV is made of; owned, so that the work may outlive the view.
struct CsvInput {
  TracePtr trace;
  ClassificationPtr classes;
  TimeRange range;
  std::vector<TrackId> tracks;
};

void append_span(QString& out, const CsvInput& input, const QString& path, const Span& span) {
  const auto name = input.classes ? input.classes->of(span.kind, span.name) : ClassifiedName{};
  out += path + ',' + quoted(utf8(input.trace->strings()[span.name])) + ',' +
         QLatin1String(to_string(name.span_class)) + ',' + (name.waits ? "true," : "false,") +
         QString::number(span.start) + ',' + QString::number(span.duration) + ',' +
         QString::number(span.depth) + '\n';
}

QString write_csv(const CsvInput& input) {
  QString out = "track,name,class,waits,start_ns,duration_ns,depth\n";
  std::uint64_t rows = 0;
  for (const TrackId track : input.tracks) {
    const QString path = quoted(utf8(input.trace->path(track)));
    input.trace->visit_chunks(track, input.range, [&](const SpanChunk& chunk, std::uint32_t) {
      for (std::size_t i = 0; i < chunk.size() && rows <= kMaxCsvRows; ++i) {
        const Span span = chunk.columns().at(i);
        const bool touches = span.start < input.range.end &&
                             (span.end() > input.range.begin || span.start >= input.range.begin);
        if (touches && ++rows <= kMaxCsvRows) append_span(out, input, path, span);
      }
      return rows <= kMaxCsvRows;
    });
  }
  if (rows > kMaxCsvRows)
    out += tr("# the first %1 spans: zoom in or filter to export the others\n").arg(kMaxCsvRows);
  if (!input.trace) return out;
  out += csv_scope_line(input.range, input.trace->range());
  for (const LossSummary& lost : summarise(losses_in(*input.trace, input.range)))
    out += tr("# lost: %1\n").arg(utf8(describe(lost, *input.trace)));
  return out;
}

}  // namespace

std::function<QString()> TimelineChart::csvTask() const {
  CsvInput input;
  if (scene_.hasTrace()) {
    input.trace = scene_.trace();
    if (scene_.document().analysis()) input.classes = scene_.document().analysis()->classes;
    input.range = scene_.selection().range();
    // The last instant belongs to the whole range: spans without length may lie on it.
    if (input.range == scene_.selection().full() &&
        input.range.end < std::numeric_limits<TimeNs>::max())
      ++input.range.end;
    for (const auto* rows : {&scene_.rows().pinned(), &scene_.rows().rows()})
      for (const auto& row : *rows)
        if (row.key.kind == RowKind::Track) input.tracks.push_back(row.key.track);
  }
  return [input = std::move(input)] { return write_csv(input); };
}

}  // namespace moescope
