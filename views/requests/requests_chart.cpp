#include "views/requests/requests_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <functional>

#include "views/common/positions.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"

namespace moescope {
namespace {

constexpr qreal kLeft = 78, kRight = 14;
constexpr int kGap = 14;
constexpr int kLeastPanel = 60;  // px
constexpr qreal kMark = 4;

QString tr(const char* text) {
  return QCoreApplication::translate("RequestsChart", text);
}

std::vector<double> linear_ticks(double high, int count) {
  const double step = nice_step(high, count);
  std::vector<double> ticks;
  for (int i = 0; i * step <= high * (1 + 1e-9); ++i) ticks.push_back(i * step);
  return ticks;
}

/// What all times lie between, in whole decades.
ValueAxis latency_axis(const RequestsChartInput& input) {
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
  ValueAxis axis;
  axis.name = tr("Latency");
  axis.cut_name = false;
  axis.logarithmic = true;
  axis.low = std::pow(10.0, std::floor(std::log10(low)));
  axis.high = std::pow(10.0, std::ceil(std::log10(std::max(high, low * 1.01))));
  for (double tick = axis.low; tick <= axis.high * 1.0001; tick *= 10) axis.ticks.push_back(tick);
  axis.label = [](double ns) { return format_time(static_cast<TimeNs>(ns)); };
  return axis;
}

void add_latencies(PlotPanel& panel, const RequestsChartInput& input, const Theme& theme) {
  panel.setValues(PlotPanel::Side::Left, latency_axis(input));
  const QColor ttft = theme.color(SpanClass::Attention), tpot = theme.color(SpanClass::Dispatch);
  const auto target = [&](TimeNs value, const QColor& color) {
    panel.addLine({static_cast<double>(input.range.begin), static_cast<double>(input.range.end)},
                  {static_cast<double>(value), static_cast<double>(value)},
                  QPen(color, 1, Qt::DashLine));
  };
  target(input.targets.ttft, ttft);
  target(input.targets.tpot, tpot);
  QVector<double> at, first, of_tokens_at, of_tokens;
  for (const ServedRequest& r : input.serving->requests) {
    if (r.done < input.range.begin || r.done > input.range.end) continue;
    at.push_back(static_cast<double>(r.done));
    first.push_back(static_cast<double>(std::max<TimeNs>(r.ttft, 1)));
    if (!r.tpot) continue;
    of_tokens_at.push_back(at.back());
    of_tokens.push_back(static_cast<double>(std::max<TimeNs>(*r.tpot, 1)));
  }
  // Different shapes, so that the two can be distinguished without colour.
  panel.addMarks(at, first, PlotPanel::Mark::Disc, kMark, ttft);
  panel.addMarks(of_tokens_at, of_tokens, PlotPanel::Mark::Cross, kMark, tpot);
}

/// Steps of a value per window; windows without one interrupt the line.
void add_windows(PlotPanel& panel, const RequestsChartInput& input, const QPen& pen,
                 const std::function<std::optional<double>(const ServingFigures&)>& value) {
  QVector<double> x, y;
  const auto inside = [&](TimeNs time) {
    return static_cast<double>(std::clamp(time, input.range.begin, input.range.end));
  };
  for (const ServingFigures& window : input.windows) {
    const auto v = value(window);
    const bool shown =
        v && window.range.end >= input.range.begin && window.range.begin <= input.range.end;
    x << inside(window.range.begin) << inside(window.range.end);
    y << (shown ? *v : std::nan("")) << (shown ? *v : std::nan(""));
  }
  panel.addLine(x, y, pen);
}

void add_throughput(PlotPanel& panel, const RequestsChartInput& input, const Theme& theme) {
  ValueAxis axis;
  axis.name = tr("Tokens/s");
  axis.cut_name = false;
  axis.high = throughput_scale(input);
  axis.ticks = linear_ticks(axis.high, 3);
  axis.label = [](double v) { return format_count(static_cast<quint64>(v)); };
  panel.setValues(PlotPanel::Side::Left, axis);
  add_throughput_lines(panel, input, theme);
}

}  // namespace

double throughput_scale(const RequestsChartInput& input) {
  double high = 10;
  for (const ServingFigures& w : input.windows)
    high = std::max({high, w.output_tokens_per_second, w.prompt_tokens_per_second});
  return nice_step(high, 1);
}

void add_throughput_lines(PlotPanel& panel, const RequestsChartInput& input, const Theme& theme) {
  add_windows(panel, input, QPen(theme.color(SpanClass::Dense), 1.5, Qt::DashLine),
              [](const ServingFigures& w) { return w.prompt_tokens_per_second; });
  add_windows(panel, input, QPen(theme.color(SpanClass::Expert), 2),
              [](const ServingFigures& w) { return w.output_tokens_per_second; });
}

namespace {

void add_share(PlotPanel& panel, const RequestsChartInput& input, const Theme& theme) {
  ValueAxis axis;
  axis.name = tr("SLO");
  axis.cut_name = false;
  axis.high = 104;
  axis.ticks = {0, 50, 100};
  axis.label = [](double v) { return QStringLiteral("%1 %").arg(v, 0, 'f', 0); };
  panel.setValues(PlotPanel::Side::Left, axis);
  add_windows(panel, input, QPen(theme.text, 2),
              [](const ServingFigures& w) { return w.within_percent; });
}

QString latency_pair(const std::optional<TimeNs>& p50, const std::optional<TimeNs>& p95) {
  return p50 ? QStringLiteral("%1 / %2").arg(format_time(*p50), format_time(*p95)) : tr("none");
}

/// The four figures that title, readout and summary show.
QString figures_text(const ServingFigures& figures) {
  return QString::fromUtf8("%1 · %2 · %3 · %4")
      .arg(counted(figures.requests, tr("request done"), tr("requests done")),
           tr("TTFT p50/p95 %1").arg(latency_pair(figures.ttft_p50, figures.ttft_p95)),
           tr("TPOT p50/p95 %1").arg(latency_pair(figures.tpot_p50, figures.tpot_p95)),
           tr("%1 within targets").arg(format_percent(figures.within_percent.value_or(0))));
}

QString range_text(const RequestsChartInput& input) {
  const ServingFigures all = serving_figures(*input.serving, input.targets, input.range);
  return all.requests == 0 ? tr("no request finished in the visible range") : figures_text(all);
}

std::size_t finished_in(const RequestsChartInput& input) {
  const auto& all = input.serving->requests;
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& request) {
    return request.done >= input.range.begin && request.done <= input.range.end;
  }));
}

QString none_finished_text(const RequestsChartInput& input) {
  return input.serving->requests.empty()
             ? tr("No request was finished while this was recorded, so there are no latencies.")
             : tr("No request was finished in the visible range. Show more of the time to see "
                  "latencies.");
}

bool empty(const RequestsChartInput& input) {
  return !input.serving || (input.serving->requests.empty() && input.serving->steps.empty());
}

QString missing_text() {
  return tr(
      "No requests are recorded in this trace. The embedded runtime records "
      "them: start it with Record, or open one of its recordings.");
}

std::vector<LegendEntry> legend_of(const Theme& theme) {
  return {{tr("TTFT (dots)"), theme.color(SpanClass::Attention)},
          {tr("TPOT (crosses)"), theme.color(SpanClass::Dispatch)},
          {tr("output tokens/s"), theme.color(SpanClass::Expert)},
          {tr("prompt tokens/s (dashed)"), theme.color(SpanClass::Dense)},
          {tr("SLO: share within both targets"), theme.text},
          {tr("targets: dashed lines"), theme.background}};
}

}  // namespace

TimeAxis paint_requests_chart(QPainter& painter, const QRectF& area,
                              const RequestsChartInput& input, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  const QFontMetricsF metrics(painter.font());
  QRectF rest = area.adjusted(8, 6, -kRight, -4);
  painter.setPen(theme.text);
  if (empty(input)) {
    painter.setPen(theme.muted_text);
    painter.drawText(rest, Qt::AlignCenter | Qt::TextWordWrap, missing_text());
    painter.restore();
    return {};
  }
  painter.drawText(
      QRectF(rest.left(), rest.top(), rest.width(), metrics.height()),
      Qt::AlignLeft | Qt::AlignVCenter,
      metrics.elidedText(tr("Requests: ") + range_text(input), Qt::ElideRight, rest.width()));
  rest.setTop(rest.top() + metrics.height() + 4);
  rest.setTop(rest.top() + paint_legend(painter, rest, legend_of(theme), theme) + 6);
  rest.setBottom(rest.bottom() - place_axis_height(metrics));
  rest.setLeft(area.left() + kLeft);
  const QRect body = rest.toRect();
  const TimeAxis times(input.range, body, painter.device()->devicePixelRatioF());
  // In a low area the latencies alone: labels of three axes would lie over each other.
  const int panels = body.height() < kLeastPanel * 2 ? 1 : body.height() < kLeastPanel * 3 ? 2 : 3;
  const int height = std::max(body.height() - (panels - 1) * kGap, 30);
  const double shares[] = {0.46, 0.34, 0.2}, of[] = {0.46, 0.8, 1};
  const auto add = {add_latencies, add_throughput, add_share};
  int top = body.top();
  const bool none_finished = finished_in(input) == 0;
  for (int i = 0; i < panels && !times.empty(); ++i) {
    const int high = static_cast<int>(std::lround(height * shares[i] / of[panels - 1]));
    PlotPanel panel(QRect(body.left(), top, body.width(), high), painter.font(), theme);
    i < panels - 1 ? panel.setTimesUnlabelled(times) : panel.setTimes(times);
    add.begin()[i](panel, input, theme);
    panel.draw(painter);
    if (i == 0 && none_finished) {
      painter.setPen(theme.muted_text);
      painter.drawText(QRect(body.left(), top, body.width(), high),
                       Qt::AlignCenter | Qt::TextWordWrap, none_finished_text(input));
    }
    top += high + kGap;
  }
  painter.restore();
  return times;
}

QString requests_summary(const RequestsChartInput& input) {
  if (empty(input)) return missing_text();
  return tr("Requests over time, %1: %2. Targets: TTFT %3, TPOT %4.")
      .arg(format_range(input.range), range_text(input), format_time(input.targets.ttft),
           format_time(input.targets.tpot));
}

QString requests_text_at(const RequestsChartInput& input, TimeNs time) {
  for (const ServingFigures& window : input.windows) {
    if (time < window.range.begin || time >= window.range.end) continue;
    return tr("%1: %2 · output %3 tokens/s · prompt %4 tokens/s")
        .arg(format_range(window.range), figures_text(window),
             format_count(static_cast<quint64>(window.output_tokens_per_second)),
             format_count(static_cast<quint64>(window.prompt_tokens_per_second)));
  }
  return {};
}

}  // namespace moescope
