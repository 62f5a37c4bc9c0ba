#include "views/requests/requests_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <functional>

#include "views/chart/chart_paint.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr qreal kLeft = 78, kRight = 14, kGap = 14;
constexpr qreal kMark = 4;

QString tr(const char* text) {
  return QCoreApplication::translate("RequestsChart", text);
}

/// One panel: its plot and how values become heights.
struct Panel {
  QRectF plot;
  double low = 0, high = 1;
  bool logarithmic = false;

  qreal y(double value) const {
    const auto place = [&](double v) { return logarithmic ? std::log10(std::max(v, 1e-12)) : v; };
    const double share = (place(value) - place(low)) / (place(high) - place(low));
    return plot.bottom() - std::clamp(share, 0.0, 1.0) * plot.height();
  }
};

void paint_frame(QPainter& painter, const Panel& panel, const QString& name,
                 const std::vector<double>& ticks, const std::function<QString(double)>& label,
                 const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  qreal above = panel.plot.bottom() + metrics.height();
  for (const double tick : ticks) {
    const qreal y = panel.y(tick);
    painter.setPen(QPen(theme.grid, 1));
    painter.drawLine(QPointF(panel.plot.left(), y), QPointF(panel.plot.right(), y));
    if (above - y < metrics.height()) continue;  // labels must not touch
    above = y;
    painter.setPen(theme.muted_text);
    painter.drawText(QRectF(panel.plot.left() - kLeft + 16, y - metrics.height() / 2, kLeft - 22,
                            metrics.height()),
                     Qt::AlignRight | Qt::AlignVCenter, label(tick));
  }
  if (metrics.horizontalAdvance(name) > panel.plot.height() + 8) return;
  painter.save();
  painter.setPen(theme.text);
  painter.translate(panel.plot.left() - kLeft + 8, panel.plot.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-panel.plot.height() / 2, -8, panel.plot.height(), 16),
                   Qt::AlignCenter | Qt::TextDontClip, name);
  painter.restore();
}

std::vector<double> linear_ticks(double high, int count) {
  const double step = nice_step(high, count);
  std::vector<double> ticks;
  for (int i = 0; i * step <= high * (1 + 1e-9); ++i) ticks.push_back(i * step);
  return ticks;
}

void paint_latencies(QPainter& painter, Panel panel, const RequestsChartInput& input,
                     const Theme& theme) {
  double low = 1e18, high = 0;
  const auto take = [&](TimeNs value) {
    low = std::min(low, static_cast<double>(std::max<TimeNs>(value, 1)));
    high = std::max(high, static_cast<double>(value));
  };
  take(input.targets.ttft);
  take(input.targets.tpot);
  for (const ServedRequest& r : input.serving->requests) {
    take(r.ttft);
    if (r.tpot) take(*r.tpot);
  }
  panel.logarithmic = true;
  panel.low = std::pow(10.0, std::floor(std::log10(low)));
  panel.high = std::pow(10.0, std::ceil(std::log10(std::max(high, low * 1.01))));
  std::vector<double> ticks;
  for (double tick = panel.low; tick <= panel.high * 1.0001; tick *= 10) ticks.push_back(tick);
  paint_frame(
      painter, panel, tr("Latency"), ticks,
      [](double ns) { return format_time(static_cast<TimeNs>(ns)); }, theme);
  const QColor ttft = theme.color(SpanClass::Attention), tpot = theme.color(SpanClass::Dispatch);
  const auto target = [&](TimeNs value, const QColor& color) {
    painter.setPen(QPen(color, 1, Qt::DashLine));
    const qreal y = panel.y(static_cast<double>(value));
    painter.drawLine(QPointF(panel.plot.left(), y), QPointF(panel.plot.right(), y));
  };
  target(input.targets.ttft, ttft);
  target(input.targets.tpot, tpot);
  for (const ServedRequest& r : input.serving->requests) {
    if (r.done < input.range.begin || r.done > input.range.end) continue;
    const qreal x = time_to_x(r.done, input.range, panel.plot);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ttft);
    painter.drawEllipse(QPointF(x, panel.y(static_cast<double>(r.ttft))), kMark / 2, kMark / 2);
    if (!r.tpot) continue;
    // A shape of its own, so that the two can be told apart without colour.
    const qreal y = panel.y(static_cast<double>(*r.tpot));
    painter.setPen(QPen(tpot, 1.5));
    painter.drawLine(QPointF(x - kMark / 2, y - kMark / 2), QPointF(x + kMark / 2, y + kMark / 2));
    painter.drawLine(QPointF(x - kMark / 2, y + kMark / 2), QPointF(x + kMark / 2, y - kMark / 2));
  }
}

/// Steps of a value a window; windows without one interrupt the line.
void paint_steps(QPainter& painter, const Panel& panel, const RequestsChartInput& input,
                 const QPen& pen,
                 const std::function<std::optional<double>(const ServingFigures&)>& value) {
  painter.save();
  // The line keeps its width at the edges; it must not run over the labels.
  painter.setClipRect(panel.plot.adjusted(0, -pen.widthF(), 0, pen.widthF()));
  painter.setPen(pen);
  std::optional<QPointF> before;
  for (const ServingFigures& window : input.windows) {
    const auto v = value(window);
    if (!v || window.range.end < input.range.begin || window.range.begin > input.range.end) {
      before.reset();
      continue;
    }
    const QPointF from(time_to_x(window.range.begin, input.range, panel.plot), panel.y(*v));
    const QPointF to(time_to_x(window.range.end, input.range, panel.plot), panel.y(*v));
    if (before) painter.drawLine(*before, from);
    painter.drawLine(from, to);
    before = to;
  }
  painter.restore();
}

void paint_throughput(QPainter& painter, Panel panel, const RequestsChartInput& input,
                      const Theme& theme) {
  double high = 10;
  for (const ServingFigures& w : input.windows)
    high = std::max({high, w.output_tokens_per_second, w.prompt_tokens_per_second});
  panel.high = nice_step(high, 1);  // in steps, as the windows move on while live
  paint_frame(
      painter, panel, tr("Tokens/s"), linear_ticks(panel.high, 3),
      [](double v) { return format_count(static_cast<quint64>(v)); }, theme);
  paint_steps(painter, panel, input, QPen(theme.color(SpanClass::Dense), 1.5, Qt::DashLine),
              [](const ServingFigures& w) { return w.prompt_tokens_per_second; });
  paint_steps(painter, panel, input, QPen(theme.color(SpanClass::Expert), 2),
              [](const ServingFigures& w) { return w.output_tokens_per_second; });
}

void paint_share(QPainter& painter, Panel panel, const RequestsChartInput& input,
                 const Theme& theme) {
  panel.high = 104;
  paint_frame(
      painter, panel, tr("SLO"), {0, 50, 100},
      [](double v) { return QStringLiteral("%1 %").arg(v, 0, 'f', 0); }, theme);
  paint_steps(painter, panel, input, QPen(theme.text, 2),
              [](const ServingFigures& w) { return w.within_percent; });
}

QString summary(const RequestsChartInput& input) {
  const ServingFigures all = serving_figures(*input.serving, input.targets, input.range);
  if (all.requests == 0) return tr("no request was done in the visible range");
  const auto pair = [](const std::optional<TimeNs>& a, const std::optional<TimeNs>& b) {
    return a ? QStringLiteral("%1 / %2").arg(format_time(*a), format_time(*b)) : tr("none");
  };
  return QString::fromUtf8("%1 · %2 · %3 · %4")
      .arg(tr("%1 requests done").arg(format_count(all.requests)),
           tr("TTFT p50/p95 %1").arg(pair(all.ttft_p50, all.ttft_p95)),
           tr("TPOT p50/p95 %1").arg(pair(all.tpot_p50, all.tpot_p95)),
           tr("%1 within targets").arg(format_percent(all.within_percent.value_or(0))));
}

}  // namespace

void paint_requests_chart(QPainter& painter, const QRectF& area, const RequestsChartInput& input,
                          const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  const QFontMetricsF metrics(painter.font());
  QRectF rest = area.adjusted(8, 6, -kRight, -4);
  painter.setPen(theme.text);
  if (!input.serving || (input.serving->requests.empty() && input.serving->steps.empty())) {
    painter.setPen(theme.muted_text);
    painter.drawText(rest, Qt::AlignCenter | Qt::TextWordWrap,
                     tr("No requests are recorded in this trace. The embedded runtime records "
                        "them: start it with Record, or open one of its recordings."));
    painter.restore();
    return;
  }
  painter.drawText(
      QRectF(rest.left(), rest.top(), rest.width(), metrics.height()),
      Qt::AlignLeft | Qt::AlignVCenter,
      metrics.elidedText(tr("Requests: ") + summary(input), Qt::ElideRight, rest.width()));
  rest.setTop(rest.top() + metrics.height() + 4);
  const std::vector<LegendEntry> legend = {
      {tr("TTFT (dots)"), theme.color(SpanClass::Attention)},
      {tr("TPOT (crosses)"), theme.color(SpanClass::Dispatch)},
      {tr("output tokens/s"), theme.color(SpanClass::Expert)},
      {tr("prompt tokens/s (dashed)"), theme.color(SpanClass::Dense)},
      {tr("SLO: share within both targets"), theme.text},
      {tr("targets: dashed lines"), theme.background}};
  rest.setTop(rest.top() + paint_legend(painter, rest, legend, theme) + 6);
  rest.setBottom(rest.bottom() - time_axis_height(painter));
  rest.setLeft(area.left() + kLeft);
  const qreal height = std::max<qreal>(rest.height() - 2 * kGap, 30);
  const qreal heights[] = {height * 0.46, height * 0.34, height * 0.2};
  qreal top = rest.top();
  QRectF plots[3];
  for (int i = 0; i < 3; ++i) {
    plots[i] = QRectF(rest.left(), top, rest.width(), heights[i]);
    top += heights[i] + kGap;
  }
  paint_latencies(painter, {plots[0]}, input, theme);
  paint_throughput(painter, {plots[1]}, input, theme);
  paint_share(painter, {plots[2]}, input, theme);
  paint_time_axis(painter, plots[2], input.range, theme);
  painter.restore();
}

}  // namespace moescope
