#include "views/overlap/overlap_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>
#include <cmath>

#include "core/analysis/overlap/paced_links.h"
#include "views/common/positions.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("OverlapChart", text);
}

struct Segment {
  QString name;
  TimeNs length;
  QColor color;
  Cue cue = Cue::None;
};

// Plain fills: hatching means waiting. Parts are labelled for print without colour.
std::array<Segment, 5> segments_of(const OverlapParts& parts, const Theme& theme) {
  return {{{tr("compute only"), parts.compute_only, theme.ribbon_compute},
           {tr("both at once"), parts.both, theme.ribbon_both},
           {tr("exposed communication"), parts.exposed, theme.ribbon_exposed},
           {tr("memory only"), parts.memory_only, theme.color(SpanClass::Memory)},
           {tr("idle"), parts.idle, theme.background}}};
}

/// Communication as transfer and waiting.
std::array<Segment, 2> communication_of(const OverlapFigures& f, const Theme& theme) {
  const QColor color = theme.color(SpanClass::Combine);
  return {{{tr("communication: transfer"), f.comm - f.wait, color},
           {tr("communication: waiting"), f.wait, color, Cue::Diagonal}}};
}

QString summary_of(const OverlapFigures& f) {
  const auto percent = f.overlap_percent();
  const QString overlap = percent
                              ? tr("%1 of communication overlapped").arg(format_percent(*percent))
                              : tr("no communication");
  return QString::fromUtf8("%1 · %2 · %3 · %4")
      .arg(tr("exposed %1").arg(format_time(f.exposed)), overlap,
           tr("communication %1, of it waiting %2").arg(format_time(f.comm), format_time(f.wait)),
           tr("span %1, busy %2, idle %3")
               .arg(format_time(f.span), format_time(f.busy), format_time(f.idle)));
}

QString title_of(const OverlapChartInput& input) {
  const QString title = tr("Overlap of communication and compute per device") +
                        QString::fromStdString(paced_links_mark(input.trace->info()));
  if (!input.window) return title;
  return title + tr(", only %1").arg(format_range(*input.window));
}

constexpr qreal kLeastBar = 32, kMostBar = 56;

/// Writes the longest of `texts` that fits into `part`.
void paint_label(QPainter& painter, const QRectF& part, const QColor& fill,
                 const QStringList& texts) {
  const QFontMetricsF metrics(painter.font());
  if (part.height() < metrics.height() - 3) return;
  for (const QString& text : texts) {
    const qreal width = metrics.horizontalAdvance(text) + 8;
    if (width > part.width()) continue;
    const QRectF box(part.center().x() - width / 2, part.top(), width, part.height());
    painter.fillRect(box, fill);
    painter.setPen(Theme::text_on(fill));
    painter.drawText(box, Qt::AlignCenter | Qt::TextDontClip, text);
    return;
  }
}

/// One bar of segments, `full` ns wide; returns where they are.
template <typename Segments>
std::vector<OverlapChartHit::Part> paint_segments(QPainter& painter, const QRectF& bar, TimeNs full,
                                                  const Segments& segments, const Theme& theme) {
  std::vector<OverlapChartHit::Part> parts;
  qreal x = bar.left();
  for (const Segment& segment : segments) {
    const qreal width = static_cast<double>(segment.length) /
                        static_cast<double>(std::max<TimeNs>(full, 1)) * bar.width();
    const QRectF part(x, bar.top(), width, bar.height());
    x += width;
    if (width <= 0) continue;
    paint_filled(painter, part, segment.color, segment.cue, theme);
    const QString time = format_time(segment.length);
    paint_label(painter, part, segment.color, {segment.name + ' ' + time, time});
    parts.push_back({part, segment.name + ": " + format_time_full(segment.length)});
  }
  return parts;
}

OverlapChartHit paint_bar(QPainter& painter, const QRectF& bar, const DeviceOverlap& device,
                          const Theme& theme) {
  OverlapChartHit hit{device.key, bar, {}, {}};
  const OverlapFigures& f = device.figures;
  const qreal thin = std::floor(bar.height() * 0.42);
  const QRectF upper = bar.adjusted(0, 0, 0, -thin - 2);
  const QRectF lower(bar.left(), bar.bottom() - thin, bar.width(), thin);
  const OverlapParts parts = overlap_parts(f);
  hit.parts = paint_segments(painter, upper, f.span, segments_of(parts, theme), theme);
  if (parts.exposed > 0) {
    const TimeNs before = parts.compute_only + parts.both;
    const double span = static_cast<double>(std::max<TimeNs>(f.span, 1));
    hit.exposed =
        QRectF(upper.left() + static_cast<double>(before) / span * upper.width(), upper.top(),
               static_cast<double>(parts.exposed) / span * upper.width(), upper.height());
  }
  for (auto& part : paint_segments(painter, lower, f.span, communication_of(f, theme), theme))
    hit.parts.push_back(std::move(part));
  painter.setPen(QPen(theme.muted_text, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(upper);
  return hit;
}

std::vector<LegendEntry> legend_of(const Theme& theme) {
  std::vector<LegendEntry> legend;
  for (const Segment& s : segments_of({}, theme)) legend.push_back({s.name, s.color, s.cue});
  for (const Segment& s : communication_of({}, theme)) legend.push_back({s.name, s.color, s.cue});
  return legend;
}

/// The lines of figures below a bar, with the room around them.
qreal height_of_figures(const QFontMetricsF& metrics, qreal width,
                        const std::vector<DeviceOverlap>& devices) {
  constexpr std::size_t kAtMost = 32;  // more are never shown at once
  qreal height = 0;
  for (std::size_t i = 0; i < std::min(devices.size(), kAtMost); ++i)
    height = std::max(height, metrics
                                  .boundingRect(QRectF(0, 0, width, 1000),
                                                Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                                                summary_of(devices[i].figures))
                                  .height());
  return height + 9;
}

void paint_share_axis(QPainter& painter, const QRectF& plot, const Theme& theme) {
  PlotPanel panel(plot, painter.font(), theme);
  ValueAxis axis;
  axis.high = 100;
  axis.ticks = {0, 20, 40, 60, 80, 100};
  axis.name = tr("Share of the device's span (%)");
  axis.grid = false;
  panel.setValues(PlotPanel::Side::Bottom, axis);
  panel.draw(painter);
}

QString left_out_text(std::size_t shown, std::size_t all) {
  if (shown >= all) return {};
  return shown == 1 ? tr("the worst of %1 devices").arg(all)
                    : tr("the %1 worst of %2 devices").arg(shown).arg(all);
}

QString missing_text(const OverlapChartInput& input) {
  if (input.awaited) return tr("Overlap is shown as soon as the trace is analysed.");
  if (input.trace == nullptr)
    return tr("No trace is open. Open one to see what communication it hides.");
  return tr(
      "No GPU work here: a trace with kernels on a device, or another range, would show its "
      "overlap.");
}

}  // namespace

OverlapParts overlap_parts(const OverlapFigures& figures) {
  OverlapParts parts;
  parts.compute_only = figures.compute - figures.overlap;
  parts.both = figures.overlap;
  parts.exposed = figures.exposed;
  parts.memory_only = std::max<TimeNs>(0, figures.busy - figures.compute - figures.exposed);
  parts.idle = figures.idle;
  return parts;
}

std::vector<OverlapChartHit> paint_overlap_chart(QPainter& painter, const QRectF& area,
                                                 const OverlapChartInput& input,
                                                 const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const QRectF inner = area.adjusted(22, 8, -26, -8);
  painter.setPen(theme.muted_text);
  if (input.trace == nullptr || input.devices.empty()) {
    painter.drawText(inner, Qt::AlignCenter | Qt::TextWordWrap, missing_text(input));
    return {};
  }
  const qreal title = metrics.height() + 6, axis = place_axis_height(metrics);
  const qreal name = metrics.height() + 2;
  const qreal figures = height_of_figures(metrics, inner.width(), input.devices);
  const qreal least = name + kLeastBar + figures;
  // In a low area the figures go last: the bars have their names and times, tooltips the rest.
  auto legend = legend_of(theme);
  if (inner.height() - title - legend_height(metrics, inner.width(), legend) - 6 - axis < least)
    legend.clear();
  const qreal above = title + paint_legend(painter, inner.adjusted(0, title, 0, 0), legend, theme) +
                      (legend.empty() ? 0 : 6);
  const QRectF body = inner.adjusted(0, above, 0, -axis);
  const bool with_figures = body.height() >= least;
  const auto fit = static_cast<std::size_t>(std::max(1.0, body.height() / least));
  const std::size_t shown = std::min(fit, input.devices.size());
  paint_title(painter, inner, title_of(input), left_out_text(shown, input.devices.size()), theme);
  const qreal rest = name + (with_figures ? figures : 4);
  const qreal row = std::min(body.height() / static_cast<qreal>(shown), rest + kMostBar);
  std::vector<OverlapChartHit> hits;
  for (std::size_t i = 0; i < shown; ++i) {
    const DeviceOverlap& device = input.devices[i];
    const QRectF line(body.left(), body.top() + row * static_cast<qreal>(i), body.width(),
                      metrics.height());
    painter.setPen(theme.text);
    painter.drawText(
        line, Qt::AlignLeft,
        metrics.elidedText(device_label(*input.trace, device.key), Qt::ElideRight, body.width()));
    const QRectF bar(line.left(), line.top() + name, line.width(), std::max(12.0, row - rest));
    hits.push_back(paint_bar(painter, bar, device, theme));
    if (!with_figures) continue;
    painter.setPen(theme.muted_text);
    painter.drawText(QRectF(bar.left(), bar.bottom() + 3, bar.width(), figures),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, summary_of(device.figures));
  }
  const qreal bottom = body.top() + row * static_cast<qreal>(shown);
  paint_share_axis(painter, QRectF(body.left(), body.top(), body.width(), bottom - body.top()),
                   theme);
  return hits;
}

QString overlap_summary(const OverlapChartInput& input) {
  if (input.trace == nullptr || input.devices.empty()) return missing_text(input);
  QStringList lines{title_of(input) + QLatin1Char('.')};
  for (const DeviceOverlap& device : input.devices)
    lines << device_label(*input.trace, device.key) + ": " + summary_of(device.figures) + '.';
  return lines.join(QLatin1Char('\n'));
}

}  // namespace moescope
