#include "views/plot/ticks.h"

#include <QLocale>
#include <algorithm>
#include <cmath>

#include "views/plot/chart_paint.h"

namespace moescope {
namespace {
constexpr int kMostDecimals = 4;
constexpr qreal kLinesPerTick = 3;  // of text, at least, along a value axis
}  // namespace

void FixedTicker::set(QVector<double> ticks, QVector<QString> labels) {
  ticks_ = std::move(ticks);
  labels_ = std::move(labels);
}

void FixedTicker::generate(const QCPRange&, const QLocale&, QChar, int, QVector<double>& ticks,
                           QVector<double>* subTicks, QVector<QString>* tickLabels) {
  ticks = ticks_;
  if (subTicks != nullptr) subTicks->clear();
  if (tickLabels != nullptr) *tickLabels = labels_;
}

AxisTicks time_axis_ticks(const TimeTicks& ticks, TimeNs origin) {
  AxisTicks axis;
  for (const TimeTick& tick : ticks.ticks) {
    axis.at.push_back(static_cast<double>(tick.time - origin));
    axis.labels.push_back(tick.label);
  }
  return axis;
}

AxisTicks value_axis_ticks(const ValueAxis& axis, qreal length, qreal label_height) {
  std::vector<double> values = axis.ticks;
  int decimals = 0;
  if (values.empty()) {
    const int most = std::max(1, static_cast<int>(length / (label_height * kLinesPerTick)));
    const double step = nice_step(axis.high - axis.low, most);
    decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, kMostDecimals);
    const double first = std::ceil(axis.low / step - 1e-9);
    for (double i = first; i * step <= axis.high + step * 1e-6; ++i) values.push_back(i * step);
  }
  const QLocale locale(QLocale::English, QLocale::UnitedStates);
  AxisTicks ticks;
  for (const double value : values) {
    ticks.at.push_back(value);
    ticks.labels.push_back(axis.label ? axis.label(value) : locale.toString(value, 'f', decimals));
  }
  return ticks;
}

AxisTicks place_axis_ticks(const PlaceAxis& axis, qreal length, qreal room) {
  const double shown = std::max(axis.last - axis.first, 1.0);
  const int most = std::max(1, static_cast<int>(length / std::max(room, 1.0)));
  const int step = std::max(1, static_cast<int>(nice_step(shown, most)));
  const int first = std::max(0, static_cast<int>(std::ceil(axis.first)));
  AxisTicks ticks;
  for (int p = (first + step - 1) / step * step; p < axis.count && p <= axis.last; p += step) {
    ticks.at.push_back(p);
    ticks.labels.push_back(axis.label(p));
  }
  return ticks;
}

}  // namespace moescope
