#include "views/plan/compare/compare_chart.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "views/chart/chart_paint.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("CompareView", text);
}

class ComparisonPainter {
 public:
  ComparisonPainter(QPainter& painter, const QRectF& plot, const std::vector<CompareLayer>& layers,
                    const Theme& theme)
      : painter_(painter), metrics_(painter.font()), plot_(plot), layers_(layers), theme_(theme) {
    for (const CompareLayer& layer : layers)
      most_ = std::max({most_, layer.before.value_or(1), layer.after.value_or(1)});
    width_ = plot_.width() / static_cast<qreal>(layers.size());
  }

  void axis() {
    const double step = nice_step(most_ - 1, 6);
    for (double v = 1; v <= most_ + 1e-9; v += step) {
      painter_.setPen(theme_.grid);
      painter_.drawLine(QPointF(plot_.left(), y(v)), QPointF(plot_.right(), y(v)));
      painter_.setPen(theme_.muted_text);
      painter_.drawText(
          QRectF(plot_.left() - 46, y(v) - metrics_.height() / 2, 40, metrics_.height()),
          Qt::AlignRight, QString::number(v, 'f', 2));
    }
    const auto every = static_cast<std::size_t>(
        std::max(1.0, std::ceil(metrics_.horizontalAdvance("000") * 1.4 / width_)));
    for (std::size_t i = 0; i < layers_.size(); i += every)
      painter_.drawText(QRectF(left(i) - 20, plot_.bottom() + 2, width_ + 40, metrics_.height()),
                        Qt::AlignHCenter, QString::number(layers_[i].id));
    painter_.drawText(QRectF(plot_.left(), plot_.bottom() + metrics_.height() + 2, plot_.width(),
                             metrics_.height()),
                      Qt::AlignHCenter, tr("layer"));
  }
  void bars(const QColor& before, const QColor& after) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      bar(layers_[i].before, left(i) + 0.08 * width_, before, Cue::Diagonal);
      bar(layers_[i].after, left(i) + 0.5 * width_, after, Cue::None);
      painter_.setPen(QPen(theme_.text, 1.5));
      if (const auto& bound = layers_[i].bound)
        painter_.drawLine(QPointF(left(i) + 0.05 * width_, y(*bound)),
                          QPointF(left(i) + 0.95 * width_, y(*bound)));
    }
  }

 private:
  qreal left(std::size_t i) const { return plot_.left() + static_cast<qreal>(i) * width_; }
  qreal y(double v) const { return plot_.bottom() - plot_.height() * (v - 1) / (most_ - 1); }
  void bar(const std::optional<double>& v, qreal x, const QColor& color, Cue cue) {
    if (v)
      paint_filled(painter_, QRectF(QPointF(x, y(*v)), QPointF(x + 0.4 * width_, plot_.bottom())),
                   color, cue, theme_);
  }

  QPainter& painter_;
  QFontMetricsF metrics_;
  QRectF plot_;
  const std::vector<CompareLayer>& layers_;
  const Theme& theme_;
  double most_ = 1.05;
  qreal width_ = 1;
};

}  // namespace

void paint_comparison(QPainter& painter, const QRectF& whole,
                      const std::vector<CompareLayer>& layers, const QString& title,
                      const Theme& theme) {
  const QRectF area = whole.adjusted(10, 8, -10, -8);
  const QFontMetricsF metrics(painter.font());
  painter.setPen(theme.text);
  if (layers.empty()) {
    painter.drawText(area, Qt::AlignCenter, tr("No plans to compare."));
    return;
  }
  painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, title);
  const QColor before = theme.color(SpanClass::Dispatch), after = theme.color(SpanClass::Dense);
  qreal top = area.top() + metrics.height() + 4;
  top += paint_legend(painter, QRectF(area.left(), top, area.width(), 40),
                      {{tr("before"), before, Cue::Diagonal},
                       {tr("after"), after},
                       {tr("bound (line)"), theme.text}},
                      theme);
  const QRectF plot(area.left() + 46, top + 6, area.width() - 50,
                    area.bottom() - top - 2 * metrics.height() - 14);
  ComparisonPainter comparison(painter, plot, layers, theme);
  comparison.axis();
  comparison.bars(before, after);
}

}  // namespace moescope
