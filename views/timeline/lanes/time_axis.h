// The ticks of time_ticks() on the axis of a QCustomPlot.
#pragma once

#include <qcustomplot.h>

#include "views/chart/time_ticks.h"

namespace moescope {

/// Gives QCustomPlot's axis the ticks of time_ticks(). Axis coordinates are ns from `origin`.
class TimeTicker : public QCPAxisTicker {
 public:
  void setTicks(TimeTicks ticks, TimeNs origin);
  void generate(const QCPRange& range, const QLocale& locale, QChar formatChar, int precision,
                QVector<double>& ticks, QVector<double>* subTicks,
                QVector<QString>* tickLabels) override;

 private:
  TimeTicks ticks_;
  TimeNs origin_ = 0;
};

}  // namespace moescope
