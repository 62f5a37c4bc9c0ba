// The time axis: units that follow the zoom, ticks at round numbers.
#pragma once

#include <qcustomplot.h>

#include <QString>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// A unit and how to write times of an axis in it.
struct TimeUnit {
  const char* symbol = "ns";  ///< "ns", "µs", "ms", "s"
  TimeNs ns = 1;
};

struct TimeTick {
  TimeNs time = 0;
  QString label;
};

/// Ticks of one axis: every label is in `unit`, so the axis names it once.
struct TimeTicks {
  TimeUnit unit;
  TimeNs step = 0;  ///< 0: there are none
  std::vector<TimeTick> ticks;
};

/// Ticks at multiples of 1, 2 or 5 times a power of ten, at least `min_spacing` pixels apart.
TimeTicks time_ticks(TimeRange range, int width, int min_spacing);

/// "Time since trace start (ms)".
QString time_axis_title(const TimeUnit& unit);

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
