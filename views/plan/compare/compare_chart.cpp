#include "views/plan/compare/compare_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "views/plot/chart_paint.h"
#include "views/plot/panel.h"
#include "views/plot/summary.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("CompareView", text);
}

QString missing_text() {
  return tr("No plans to compare.");
}

constexpr double kBarWidth = 0.4;  // of a layer's room; two stand beside each other

double highest(const std::vector<CompareLayer>& layers) {
  double most = 1.05;
  for (const CompareLayer& layer : layers)
    most = std::max({most, layer.before.value_or(1), layer.after.value_or(1)});
  return most;
}

using Imbalance = std::optional<double> CompareLayer::*;

void add_bars(PlotPanel& panel, const std::vector<CompareLayer>& layers, Imbalance which,
              double left, const QColor& color) {
  QVector<double> x, y;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x.push_back(static_cast<double>(i) - 0.5 + left + kBarWidth / 2);
    y.push_back((layers[i].*which).value_or(std::nan("")));
  }
  panel.addBars(x, y, kBarWidth, 1, color);
}

/// Hatched over the colour, so that before and after differ in grey too.
void hatch_before(QPainter& painter, const PlotPanel& panel,
                  const std::vector<CompareLayer>& layers, double left, const QColor& color,
                  const Theme& theme) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i].before) continue;
    const double from = static_cast<double>(i) - 0.5 + left;
    paint_filled(painter,
                 QRectF(QPointF(panel.x(from), panel.y(*layers[i].before)),
                        QPointF(panel.x(from + kBarWidth), panel.plot().bottom())),
                 color, Cue::Diagonal, theme);
  }
}

void add_bounds(PlotPanel& panel, const std::vector<CompareLayer>& layers, const Theme& theme) {
  QVector<double> x, y;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double bound = layers[i].bound.value_or(std::nan(""));
    const auto place = static_cast<double>(i);
    x << place - 0.45 << place + 0.45 << place + 0.45;
    y << bound << bound << std::nan("");
  }
  panel.addLine(x, y, QPen(theme.text, 1.5));
}

}  // namespace

void paint_comparison(QPainter& painter, const QRectF& whole,
                      const std::vector<CompareLayer>& layers, const QString& title,
                      const Theme& theme) {
  const QRectF area = whole.adjusted(10, 8, -10, -8);
  const QFontMetricsF metrics(painter.font());
  painter.setPen(theme.text);
  if (layers.empty()) {
    painter.drawText(area, Qt::AlignCenter, missing_text());
    return;
  }
  painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, title);
  const QColor before = theme.color(SpanClass::Dispatch), after = theme.color(SpanClass::Dense);
  const auto lines = static_cast<qreal>(title.count(QLatin1Char('\n')) + 1);
  qreal top = area.top() + lines * metrics.height() + 4;
  top += paint_legend(painter, QRectF(area.left(), top, area.width(), 40),
                      {{tr("before"), before, Cue::Diagonal},
                       {tr("after"), after},
                       {tr("bound (line)"), theme.text}},
                      theme);
  ValueAxis values;
  values.low = 1;
  values.high = highest(layers);
  values.name = tr("imbalance");
  const qreal below = place_axis_height(metrics);
  const QRectF room(area.left(), top + 6, area.width(), area.bottom() - top - 6 - below);
  if (room.height() < 8) return;
  PlotPanel panel(room.adjusted(value_axis_width(metrics, values, room.height()), 0, 0, 0),
                  painter.font(), theme);
  panel.setValues(PlotPanel::Side::Left, values);
  const auto count = static_cast<int>(layers.size());
  panel.setPlaces(PlotPanel::Side::Bottom,
                  {-0.5, count - 0.5, count, tr("layer"), [&layers](int place) {
                     return QString::number(layers[static_cast<std::size_t>(place)].id);
                   }});
  constexpr double kBefore = 0.08, kAfter = 0.5;
  add_bars(panel, layers, &CompareLayer::after, kAfter, after);
  add_bounds(panel, layers, theme);
  hatch_before(painter, panel, layers, kBefore, before, theme);
  panel.draw(painter);
}

namespace {

/// "before: lowest 1.0200 (layer 3), highest ..."; "" where no layer has the figure.
QString figure_summary(const QString& name, const std::vector<CompareLayer>& layers,
                       Imbalance which) {
  std::vector<const CompareLayer*> known;
  double sum = 0;
  for (const CompareLayer& layer : layers) {
    if (!(layer.*which)) continue;
    known.push_back(&layer);
    sum += *(layer.*which);
  }
  if (known.empty()) return {};
  const auto [lowest, highest] = std::minmax_element(
      known.begin(), known.end(), [which](const CompareLayer* a, const CompareLayer* b) {
        return *(a->*which) < *(b->*which);
      });
  const auto number = [](double value) { return QString::number(value, 'f', 4); };
  const auto place = [](const CompareLayer& layer) { return tr("layer %1").arg(layer.id); };
  return tr("%1: %2.").arg(
      name, extremes_text(number(*(**lowest.*which)), place(**lowest), number(*(**highest.*which)),
                          place(**highest), number(sum / static_cast<double>(known.size()))));
}

}  // namespace

QString comparison_summary(const std::vector<CompareLayer>& layers, const QString& title) {
  if (layers.empty()) return missing_text();
  QStringList sentences{title, figure_summary(tr("before"), layers, &CompareLayer::before),
                        figure_summary(tr("after"), layers, &CompareLayer::after),
                        figure_summary(tr("bound"), layers, &CompareLayer::bound)};
  sentences.removeAll(QString());
  return sentences.join(QLatin1Char(' '));
}

}  // namespace moescope
