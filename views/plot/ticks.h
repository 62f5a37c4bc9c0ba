// Where the ticks of an axis are and what stands there.
#pragma once

#include <qcustomplot.h>

#include "views/plot/axis/time_ticks.h"
#include "views/plot/panel.h"

namespace moescope {

/// Hands QCustomPlot ticks that were worked out before.
class FixedTicker : public QCPAxisTicker {
 public:
  void set(QVector<double> ticks, QVector<QString> labels);
  void generate(const QCPRange& range, const QLocale& locale, QChar formatChar, int precision,
                QVector<double>& ticks, QVector<double>* subTicks,
                QVector<QString>* tickLabels) override;

 private:
  QVector<double> ticks_;
  QVector<QString> labels_;
};

struct AxisTicks {
  QVector<double> at;
  QVector<QString> labels;
};

/// Axis coordinates are ns from `origin`.
AxisTicks time_axis_ticks(const TimeTicks& ticks, TimeNs origin);
/// @param length of the axis in pixels
AxisTicks value_axis_ticks(const ValueAxis& axis, qreal length, qreal label_height);
/// @param room that a label needs along the axis, in pixels
AxisTicks place_axis_ticks(const PlaceAxis& axis, qreal length, qreal room);

}  // namespace moescope
