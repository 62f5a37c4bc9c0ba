#include "views/sm/sm_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>

#include "core/analysis/overlap/paced_links.h"
#include "core/analysis/spans/gpu_work.h"
#include "views/common/positions.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"
#include "views/sm/sm_columns.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("SmChart", text);
}

/// Heights of the classes, each with those before it, in SMs: [class][column].
std::vector<QVector<double>> stacked(const std::vector<SmColumn>& columns,
                                     const std::vector<SpanClass>& classes, double full) {
  std::vector<QVector<double>> heights(classes.size());
  for (const SmColumn& column : columns) {
    double sum = 0;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      sum += column.mean[static_cast<std::size_t>(classes[c])];
      heights[c].push_back(std::min(full, sum));
    }
  }
  return heights;
}

void add_stack(PlotPanel& panel, const SmDevice& device, const TimeAxis& times,
               const std::vector<SpanClass>& classes, const Theme& theme) {
  const int count = times.plot().width();
  const double full = std::max(1, device.allocation->sm_count);
  // A column is what a pixel shows, so a picture that moves sideways moves as a whole.
  const double begin = static_cast<double>(times.range().begin) + times.leftOffset();
  const auto heights =
      stacked(device.integral.columns(begin, times.nsPerPixel(), count), classes, full);
  QVector<double> x;
  for (int i = 0; i <= count; ++i) x.push_back(begin + times.nsPerPixel() * i);
  // The sum of all classes is drawn first and the lower classes over it: no seams between bands.
  for (std::size_t c = classes.size(); c-- > 0;)
    panel.addSteps(x, heights[c], theme.color(classes[c]));
  // A line separates communication and compute, so that the border shows in grey too.
  std::size_t comm = 0;
  while (comm < classes.size() && role_of(classes[comm]) == Role::Communication) ++comm;
  if (comm > 0) panel.addStepLine(x, heights[comm - 1], QPen(theme.text, 1));
  panel.addLine({x.front(), x.back()}, {full, full}, QPen(theme.muted_text, 1, Qt::DashLine));
}

/// Ticks in steps, and always the number of SMs itself.
ValueAxis sm_axis(int sm_count, const QString& name, qreal height, qreal line) {
  ValueAxis axis;
  axis.high = std::max(1, sm_count);
  axis.name = name;
  axis.grid = false;
  axis.cut_name = false;
  const double step = std::max(1.0, nice_step(sm_count, static_cast<int>(height / (line * 2))));
  for (double value = 0; value < sm_count - step * 0.45; value += step) axis.ticks.push_back(value);
  axis.ticks.push_back(sm_count);
  axis.label = [](double value) { return QString::number(value); };
  return axis;
}

QString panel_title(const SmChartInput& input, const SmAllocation& allocation) {
  const QString mark =
      allocation.method == SmMethod::Inferred ? QString::fromUtf8("• ") : QString();
  return QString::fromUtf8("%1 — %2 %3 — %4%5")
      .arg(device_label(*input.trace, allocation.key))
      .arg(allocation.sm_count)
      .arg(processor_names(*input.trace, allocation.key).many, mark,
           sm_method_text(allocation.method));
}

void paint_panel(QPainter& painter, const QRect& area, const SmChartInput& input,
                 const SmDevice& device, const std::vector<SpanClass>& classes,
                 const TimeAxis& times, bool labelled, const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  painter.setPen(theme.text);
  painter.drawText(
      QRectF(area.left(), area.top(), area.width(), metrics.height()),
      Qt::AlignLeft | Qt::AlignVCenter,
      metrics.elidedText(panel_title(input, *device.allocation), Qt::ElideRight, area.width()));
  PlotPanel panel(QRectF(area).adjusted(0, metrics.height() + 4, 0, 0), painter.font(), theme);
  labelled ? panel.setTimes(times) : panel.setTimesUnlabelled(times);
  const QString held =
      tr("%1 held").arg(processor_names(*input.trace, device.allocation->key).many);
  panel.setValues(PlotPanel::Side::Left, sm_axis(device.allocation->sm_count, held,
                                                 panel.plot().height(), metrics.height()));
  add_stack(panel, device, times, classes, theme);
  panel.draw(painter);
}

/// What the picture is about: "SM", or "Worker" where all devices are CPUs.
QString title_word(const SmChartInput& input) {
  const auto on_cpu = [&](const SmDevice* device) {
    const Device* found = find_device(*input.trace, device->allocation->key);
    return found != nullptr && found->on_cpu;
  };
  return std::all_of(input.devices.begin(), input.devices.end(), on_cpu) ? tr("Worker") : tr("SM");
}

/// "dense GEMM", "communication: dispatch".
QString class_text(SpanClass c) {
  const bool part = role_of(c) == Role::Communication && c != SpanClass::Communication;
  return part ? tr("communication: %1").arg(class_label(c)) : class_label(c);
}

std::vector<LegendEntry> legend_of(const std::vector<SpanClass>& classes, const Theme& theme) {
  std::vector<LegendEntry> legend;
  for (const SpanClass c : classes) legend.push_back({class_text(c), theme.color(c), Cue::None});
  legend.push_back({tr("free"), theme.background, Cue::None});
  return legend;
}

qreal paint_caveats(QPainter& painter, const QRectF& area, const SmChartInput& input,
                    const Theme& theme, bool measure) {
  QStringList caveats;
  if (!input.caveats) return 0;
  for (const SmDevice* device : input.devices) {
    for (const std::string& caveat : device->allocation->caveats) {
      const QString text = QString::fromStdString(caveat);
      if (!caveats.contains(text)) caveats << text;
    }
  }
  if (caveats.isEmpty()) return 0;
  const QString text = QString::fromUtf8("• ") + caveats.join(' ');
  const int flags = Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap;
  const QFontMetricsF metrics(painter.font());
  const qreal height =
      std::min(metrics.boundingRect(QRectF(0, 0, area.width(), 1000), flags, text).height(),
               6 * metrics.height() + 2);
  if (!measure) {
    painter.setPen(theme.muted_text);
    painter.drawText(QRectF(area.left(), area.bottom() - height, area.width(), height), flags,
                     text);
  }
  return height + 2;
}

}  // namespace

QString sm_method_text(SmMethod method) {
  switch (method) {
    case SmMethod::Recorded:
      return tr("recorded: the place of every block from the runtime");
    case SmMethod::BlockTrace:
      return tr("block trace: SM of every block from the profiler");
    case SmMethod::Inferred:
      return tr("inferred from launch configurations");
  }
  return {};
}

QString sm_missing_text(const Trace* trace, bool awaited) {
  if (awaited) return tr("SM allocation is shown as soon as the trace is analysed.");
  if (trace == nullptr) return tr("No trace is open. Open one to see which SMs its kernels hold.");
  return tr(
      "SM allocation is not known: no device of this trace has both GPU work and an SM count. "
      "Record with device properties (PyTorch profiler: deviceProperties; Nsight Systems: GPU "
      "information) to see it.");
}

TimeAxis paint_sm_chart(QPainter& painter, const QRectF& area, const SmChartInput& input,
                        const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  painter.setPen(theme.muted_text);
  const QRectF inner = area.adjusted(12, 8, -16, -8);
  if (input.trace == nullptr || input.devices.empty()) {
    painter.drawText(inner, Qt::AlignCenter | Qt::TextWordWrap,
                     sm_missing_text(input.trace, input.awaited));
    return {};
  }
  const auto classes = sm_classes(input.devices);
  const qreal title = metrics.height() + 6, axis = place_axis_height(metrics);
  const qreal least = metrics.height() * 4 + 4;  // of a device
  const qreal caveats = paint_caveats(painter, inner, input, theme, false);
  auto legend = legend_of(classes, theme);
  const qreal others = title + 6 + caveats + axis;
  if (inner.height() - others - legend_height(metrics, inner.width(), legend) < least)
    legend.clear();  // rather than the picture
  const qreal above = paint_legend(painter, inner.adjusted(0, title, 0, 0), legend, theme);
  const QRect body = inner.adjusted(56, title + above + 6, 0, -caveats - axis).toRect();
  const auto fit = static_cast<std::size_t>(std::max(1.0, body.height() / least));
  const std::size_t shown = std::min(fit, input.devices.size());
  paint_title(painter, inner,
              tr("%1 allocation over time by class").arg(title_word(input)) +
                  QString::fromStdString(paced_links_mark(input.trace->info())),
              shown < input.devices.size()
                  ? tr("%1 of %2 devices shown").arg(shown).arg(input.devices.size())
                  : QString(),
              theme);
  const TimeAxis times(input.range, body, painter.device()->devicePixelRatioF());
  if (times.empty()) return {};
  const int height = body.height() / static_cast<int>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == shown;
    const int top = body.top() + height * static_cast<int>(i);
    const int bottom = last ? body.bottom() + 1 : top + height - 8;
    paint_panel(painter, QRect(body.left(), top, body.width(), bottom - top), input,
                *input.devices[i], classes, times, last, theme);
  }
  return times;
}

void paint_sm_stack(QPainter& painter, const SmDevice& device, const TimeAxis& times,
                    const Theme& theme) {
  PlotPanel panel(times.plot(), painter.font(), theme);
  panel.setTimesUnlabelled(times);
  ValueAxis axis;
  axis.high = std::max(1, device.allocation->sm_count);
  axis.grid = false;
  axis.ticks = {axis.high};
  axis.label = [](double) { return QString(); };
  panel.setValues(PlotPanel::Side::Left, axis);
  add_stack(panel, device, times, device.classes, theme);
  panel.draw(painter);
}

namespace {

/// "communication: dispatch 2.0, experts 4.8, free 3.2"
QString held_text(const SmDevice& device, TimeRange range) {
  const SmColumn mean = device.integral.columns(range, 1).front();
  QStringList parts;
  for (const SpanClass c : device.classes)
    parts << tr("%1 %2").arg(class_text(c)).arg(mean.mean[static_cast<std::size_t>(c)], 0, 'f', 1);
  parts << tr("free %1").arg(std::max(0.0, device.allocation->sm_count - mean.held()), 0, 'f', 1);
  return parts.join(QStringLiteral(", "));
}

}  // namespace

QString sm_summary(const SmChartInput& input) {
  if (input.trace == nullptr || input.devices.empty())
    return sm_missing_text(input.trace, input.awaited);
  QStringList lines{
      tr("%1 allocation by class, %2.").arg(title_word(input), format_range(input.range))};
  for (const SmDevice* device : input.devices)
    lines << tr("%1. Mean: %2.")
                 .arg(panel_title(input, *device->allocation), held_text(*device, input.range));
  return lines.join(QLatin1Char('\n'));
}

}  // namespace moescope
