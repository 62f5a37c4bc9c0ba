#include "views/whatif/sweep_curve.h"

#include <algorithm>
#include <cmath>

#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/plot/error_bar.h"
#include "views/plot/panel.h"
#include "views/whatif/whatif_words.h"

namespace moescope {
namespace {

constexpr double kMs = 1e6;
constexpr qreal kMark = 6, kCross = 9;

using whatif::time;
using whatif::tr;

QString number(double value) {
  return QString::number(value, 'g', 6);
}

bool by_tokens(const Sweep& sweep) {
  return sweep.over == SweepOver::Gpus || sweep.over == SweepOver::Batch;
}

using Figure = double SweepPoint::*;

struct Curve {
  QString name;
  Figure figure;
  double scale;
  QColor color;
  bool main = false;
};

std::vector<Curve> curves_of(const Sweep& sweep, const Theme& theme) {
  if (by_tokens(sweep))
    return {{tr("tokens/s per GPU"), &SweepPoint::tokens_per_second_gpu, 1, theme.text, true}};
  return {
      {tr("step"), &SweepPoint::step_ns, kMs, theme.text, true},
      {tr("attention"), &SweepPoint::attention_ns, kMs, theme.color(SpanClass::Attention)},
      {tr("experts, slowest GPU"), &SweepPoint::experts_ns, kMs, theme.color(SpanClass::Expert)},
      {tr("dispatch and combine, hidden or not"), &SweepPoint::transfer_ns, kMs,
       theme.color(SpanClass::Dispatch)}};
}

ValueAxis axis_of(const Sweep& sweep, const std::vector<Curve>& curves) {
  ValueAxis axis;
  axis.name = by_tokens(sweep) ? tr("tokens/s per GPU") : tr("ms");
  double most = 0;
  for (const Curve& curve : curves)
    for (const SweepPoint& point : sweep.points)
      most = std::max(most, point.*curve.figure / curve.scale);
  axis.high = std::max(most * 1.08, 1e-9);
  return axis;
}

std::vector<LegendEntry> legend_of(const Sweep& sweep, const std::vector<Curve>& curves,
                                   const Theme& theme) {
  std::vector<LegendEntry> entries;
  entries.reserve(curves.size() + 2);
  for (const Curve& curve : curves) entries.push_back({curve.name, curve.color});
  if (sweep.best) entries.push_back({tr("optimum (dashed)"), theme.selection});
  if (std::any_of(sweep.points.begin(), sweep.points.end(),
                  [](const SweepPoint& point) { return !point.fits; }))
    entries.push_back({tr("does not fit in memory (cross)"), theme.muted_text});
  return entries;
}

void add_curve(PlotPanel& panel, const Sweep& sweep, const Curve& curve) {
  QVector<double> x, y, fit_x, fit_y, over_x, over_y;
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const double value = point.*curve.figure / curve.scale;
    x << static_cast<double>(i);
    y << value;
    (point.fits ? fit_x : over_x) << static_cast<double>(i);
    (point.fits ? fit_y : over_y) << value;
  }
  panel.addLine(x, y, QPen(curve.color, curve.main ? 2.2 : 1.3));
  if (!curve.main) return;
  panel.addMarks(fit_x, fit_y, PlotPanel::Mark::Disc, kMark, curve.color);
  panel.addMarks(over_x, over_y, PlotPanel::Mark::Cross, kCross, curve.color);
}

QString error_text(const Sweep& sweep) {
  const SweepPoint& point = sweep.points[sweep.best.value_or(0)];
  return tr("± %1 at each value, for the most part the model's own, which all values share")
      .arg(format_percent(point.step_ns > 0 ? 100 * point.error_ns / point.step_ns : 0));
}

void mark_best(QPainter& painter, const PlotPanel& panel, const Sweep& sweep, const Theme& theme) {
  if (!sweep.best) return;
  const qreal x = panel.x(static_cast<double>(*sweep.best));
  const QRectF plot = panel.plot();
  painter.setPen(QPen(theme.selection, 1.5, Qt::DashLine));
  painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
  const QString text = number(sweep.points[*sweep.best].value);
  const QFontMetricsF metrics(painter.font());
  const qreal width = metrics.horizontalAdvance(text) + 6;
  const qreal left = x + 3 + width > plot.right() ? x - 3 - width : x + 3;
  const QRectF label(left, plot.bottom() - metrics.height() - 2, width, metrics.height());
  painter.fillRect(label, theme.background);
  painter.setPen(theme.selection);
  painter.drawText(label, Qt::AlignCenter, text);
}

}  // namespace

QString sweep_name(SweepOver over) {
  switch (over) {
    case SweepOver::CommSms:
      return tr("SMs of communication");
    case SweepOver::Redundant:
      return tr("redundant experts");
    case SweepOver::Gpus:
      return tr("GPUs");
    case SweepOver::Batch:
      break;
  }
  return tr("tokens per GPU and micro-batch");
}

int SweepPlaces::at(QPointF pos) const {
  if (count == 0 || !plot.contains(pos)) return -1;
  return std::min(count - 1, static_cast<int>((pos.x() - plot.left()) / plot.width() * count));
}

SweepPlaces paint_sweep(QPainter& painter, const QRectF& whole, const SweepPicture& picture,
                        const Theme& theme) {
  painter.save();
  QRectF area = whole.adjusted(10, 4, -10, -4);
  SweepPlaces places;
  if (!picture.sweep) {
    painter.setPen(theme.muted_text);
    painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, picture.empty_text);
    painter.restore();
    return places;
  }
  const Sweep& sweep = *picture.sweep;
  const auto curves = curves_of(sweep, theme);
  const QFontMetricsF metrics(painter.font());
  area.setTop(area.top() + paint_heading(painter, area, picture.title, error_text(sweep), theme) +
              3);
  area.setTop(area.top() + paint_legend(painter, area, legend_of(sweep, curves, theme), theme) + 4);
  area.setBottom(area.bottom() - place_axis_height(metrics));
  if (area.height() > 10) {
    const ValueAxis axis = axis_of(sweep, curves);
    PlotPanel panel(area.adjusted(value_axis_width(metrics, axis, area.height()), 0, 0, 0),
                    painter.font(), theme);
    panel.setValues(PlotPanel::Side::Left, axis);
    const auto count = static_cast<int>(sweep.points.size());
    panel.setPlaces(PlotPanel::Side::Bottom,
                    {-0.5, count - 0.5, count, sweep_name(sweep.over), [&sweep](int place) {
                       return number(sweep.points[static_cast<std::size_t>(place)].value);
                     }});
    for (auto curve = curves.rbegin(); curve != curves.rend(); ++curve)
      add_curve(panel, sweep, *curve);
    panel.draw(painter);
    mark_best(painter, panel, sweep, theme);
    places = {panel.plot(), count};
  }
  painter.restore();
  return places;
}

QString sweep_reason(const Sweep& sweep) {
  QString text = with_window_units(sweep.reason);
  const QString word = QLatin1String(to_string(sweep.over)) + QLatin1Char(' ');  // of the command
  if (text.startsWith(word))
    text.replace(0, word.size(), sweep_name(sweep.over) + QLatin1Char(' '));
  text = tr("Optimum: %1.").arg(text);
  if (!sweep.best) text = tr("No optimum: %1.").arg(with_window_units(sweep.reason));
  const bool at_end = sweep.best && sweep.points.size() > 1 &&
                      (*sweep.best == 0 || *sweep.best + 1 == sweep.points.size());
  if (at_end) text += QLatin1Char(' ') + tr("It lies at the end of the range.");
  QStringList skipped;
  for (const std::string& value : sweep.skipped) skipped << QString::fromStdString(value);
  if (!skipped.isEmpty()) text += QLatin1Char(' ') + tr("Left out: %1.").arg(skipped.join("; "));
  return text;
}

QString sweep_point_text(const Sweep& sweep, std::size_t index) {
  const SweepPoint& point = sweep.points[index];
  return tr("%1: %2\nstep %3, %4 tokens/s per GPU\nattention %5, experts %6, dispatch and combine "
            "%7%8")
      .arg(sweep_name(sweep.over), number(point.value),
           format_time_with_error(point.step_ns, point.error_ns),
           format_count(static_cast<quint64>(std::llround(point.tokens_per_second_gpu))),
           time(point.attention_ns), time(point.experts_ns), time(point.transfer_ns),
           point.fits ? QString() : tr("\nIt does not fit in the memory of a GPU."));
}

QString sweep_summary(const SweepPicture& picture) {
  if (!picture.sweep) return picture.empty_text;
  const Sweep& sweep = *picture.sweep;
  return tr("%1. %2 values of %3 from %4 to %5, %6. %7")
      .arg(picture.title)
      .arg(sweep.points.size())
      .arg(sweep_name(sweep.over), number(sweep.points.front().value),
           number(sweep.points.back().value), error_text(sweep), sweep_reason(sweep));
}

QString sweep_table(const SweepPicture& picture) {
  if (!picture.sweep) return {};
  const Sweep& sweep = *picture.sweep;
  QString text = QStringLiteral(
                     "%1,step_ns,error_ns,tokens_per_second_gpu,attention_ns,experts_ns,"
                     "transfer_ns,fits,optimum\n")
                     .arg(QLatin1String(to_string(sweep.over)));
  const auto whole = [](double ns) { return QString::number(std::llround(ns)); };
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    text +=
        QStringList{
            number(point.value),           whole(point.step_ns),
            whole(point.error_ns),         QString::number(point.tokens_per_second_gpu, 'f', 1),
            whole(point.attention_ns),     whole(point.experts_ns),
            whole(point.transfer_ns),      point.fits ? "yes" : "no",
            sweep.best == i ? "yes" : "no"}
            .join(QLatin1Char(',')) +
        QLatin1Char('\n');
  }
  return text;
}

}  // namespace moescope
