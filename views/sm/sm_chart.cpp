#include "views/sm/sm_chart.h"

#include <QCoreApplication>
#include <QPainterPath>
#include <QPolygonF>
#include <algorithm>
#include <array>

#include "core/analysis/overlap/paced_links.h"
#include "core/analysis/spans/gpu_work.h"
#include "views/chart/chart_paint.h"
#include "views/common/units.h"
#include "views/sm/sm_columns.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("SmChart", text);
}

/// Filled step outline from the panel's floor up to `heights`, one entry per column.
QPolygonF step_polygon(const QRectF& panel, const std::vector<double>& heights) {
  QPolygonF polygon;
  polygon << panel.bottomLeft();
  const qreal width = panel.width() / static_cast<qreal>(heights.size());
  for (std::size_t i = 0; i < heights.size(); ++i) {
    const qreal y = panel.bottom() - heights[i] * panel.height();
    const bool same = i > 0 && heights[i] == heights[i - 1];
    const bool more = i + 1 < heights.size() && heights[i + 1] == heights[i];
    if (!same) polygon << QPointF(panel.left() + width * static_cast<qreal>(i), y);
    if (!more) polygon << QPointF(panel.left() + width * static_cast<qreal>(i + 1), y);
  }
  polygon << panel.bottomRight();
  return polygon;
}

void paint_stack(QPainter& painter, const QRectF& panel, const SmDevice& device, TimeRange range,
                 const std::vector<SpanClass>& classes, const Theme& theme) {
  const int count = std::max(1, static_cast<int>(panel.width()));
  const auto columns = device.integral.columns(range, count);
  const double full = std::max(1, device.allocation->sm_count);
  // The sum of all classes is drawn first and the lower classes over it: no seams between bands.
  std::vector<std::vector<double>> heights(classes.size(),
                                           std::vector<double>(columns.size(), 0.0));
  for (std::size_t x = 0; x < columns.size(); ++x) {
    double sum = 0;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      sum += columns[x].mean[static_cast<std::size_t>(classes[c])];
      heights[c][x] = std::min(1.0, sum / full);
    }
  }
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setPen(Qt::NoPen);
  for (std::size_t c = classes.size(); c-- > 0;) {
    painter.setBrush(theme.color(classes[c]));
    painter.drawPolygon(step_polygon(panel, heights[c]));
  }
  // The border between communication and compute is a line: it must show in grey as well.
  std::size_t comm = 0;
  while (comm < classes.size() && role_of(classes[comm]) == Role::Communication) ++comm;
  if (comm > 0) {
    QPolygonF border = step_polygon(panel, heights[comm - 1]);
    border.removeFirst();
    border.removeLast();
    painter.setPen(QPen(theme.text, 1));
    painter.drawPolyline(border);
  }
  painter.restore();
}

void paint_sm_axis(QPainter& painter, const QRectF& panel, int sm_count, const QString& title,
                   const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const auto label = [&](double value, const QColor& color) {
    const qreal y = panel.bottom() - value / std::max(1, sm_count) * panel.height();
    painter.setPen(QPen(theme.muted_text, 1));
    painter.drawLine(QPointF(panel.left() - 4, y), QPointF(panel.left(), y));
    painter.setPen(color);
    painter.drawText(QRectF(panel.left() - 44, y - metrics.height() / 2, 38, metrics.height()),
                     Qt::AlignRight | Qt::AlignVCenter, QString::number(value));
  };
  const double step =
      std::max(1.0, nice_step(sm_count, static_cast<int>(panel.height() / (metrics.height() * 2))));
  for (double value = 0; value < sm_count - step * 0.45; value += step) label(value, theme.text);
  label(sm_count, theme.text);
  painter.setPen(QPen(theme.muted_text, 1, Qt::DashLine));
  painter.drawLine(panel.topLeft(), panel.topRight());
  painter.setPen(QPen(theme.muted_text, 1));
  painter.drawLine(panel.topLeft(), panel.bottomLeft());
  if (metrics.horizontalAdvance(title) > panel.height() + 8) return;
  painter.save();
  painter.translate(panel.left() - 48, panel.center().y());
  painter.rotate(-90);
  painter.setPen(theme.text);
  painter.drawText(QRectF(-panel.height() / 2, -metrics.height(), panel.height(), metrics.height()),
                   Qt::AlignCenter, title);
  painter.restore();
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

void paint_panel(QPainter& painter, const QRectF& area, const SmChartInput& input,
                 const SmDevice& device, const std::vector<SpanClass>& classes,
                 const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  painter.setPen(theme.text);
  painter.drawText(
      QRectF(area.left(), area.top(), area.width(), metrics.height()),
      Qt::AlignLeft | Qt::AlignVCenter,
      metrics.elidedText(panel_title(input, *device.allocation), Qt::ElideRight, area.width()));
  const QRectF panel = area.adjusted(0, metrics.height() + 4, 0, 0);
  paint_stack(painter, panel, device, input.range, classes, theme);
  paint_sm_axis(painter, panel, device.allocation->sm_count,
                tr("%1 held").arg(processor_names(*input.trace, device.allocation->key).many),
                theme);
}

/// What the picture is about: "SM", or "Worker" where all devices are CPUs.
QString title_word(const SmChartInput& input) {
  const auto on_cpu = [&](const SmDevice* device) {
    const Device* found = find_device(*input.trace, device->allocation->key);
    return found != nullptr && found->on_cpu;
  };
  return std::all_of(input.devices.begin(), input.devices.end(), on_cpu) ? tr("Worker") : tr("SM");
}

std::vector<LegendEntry> legend_of(const std::vector<SpanClass>& classes, const Theme& theme) {
  std::vector<LegendEntry> legend;
  for (const SpanClass c : classes) {
    const bool comm = role_of(c) == Role::Communication;
    QString text = class_label(c);
    if (comm && c != SpanClass::Communication) text = tr("communication: %1").arg(text);
    legend.push_back({text, theme.color(c), Cue::None});
  }
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

QRectF paint_sm_chart(QPainter& painter, const QRectF& area, const SmChartInput& input,
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
  const qreal title = metrics.height() + 6, axis = time_axis_height(painter);
  const qreal least = metrics.height() * 4 + 4;  // of a device
  const qreal caveats = paint_caveats(painter, inner, input, theme, false);
  auto legend = legend_of(classes, theme);
  const qreal others = title + 6 + caveats + axis;
  if (inner.height() - others - legend_height(metrics, inner.width(), legend) < least)
    legend.clear();  // rather than the picture
  const qreal above = paint_legend(painter, inner.adjusted(0, title, 0, 0), legend, theme);
  QRectF body = inner.adjusted(56, title + above + 6, 0, -caveats - axis);
  const auto fit = static_cast<std::size_t>(std::max(1.0, body.height() / least));
  const std::size_t shown = std::min(fit, input.devices.size());
  paint_title(painter, inner,
              tr("%1 allocation over time by class").arg(title_word(input)) +
                  QString::fromStdString(paced_links_mark(input.trace->info())),
              shown < input.devices.size()
                  ? tr("%1 of %2 devices shown").arg(shown).arg(input.devices.size())
                  : QString(),
              theme);
  const qreal height = body.height() / static_cast<qreal>(shown);
  QRectF last;
  for (std::size_t i = 0; i < shown; ++i) {
    last = QRectF(body.left(), body.top() + height * static_cast<qreal>(i), body.width(),
                  height - (i + 1 < shown ? 8 : 0));
    paint_panel(painter, last, input, *input.devices[i], classes, theme);
  }
  paint_time_axis(painter, last.adjusted(0, metrics.height() + 4, 0, 0), input.range, theme);
  if (input.cursor && *input.cursor >= input.range.begin && *input.cursor <= input.range.end) {
    const qreal x = time_to_x(*input.cursor, input.range, body);
    painter.setPen(QPen(theme.cursor, 1));
    painter.drawLine(QPointF(x, body.top()), QPointF(x, body.bottom()));
  }
  return body;
}

}  // namespace moescope
