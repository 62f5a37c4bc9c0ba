#include "views/timeline/lanes/time_axis.h"

namespace moescope {

void TimeTicker::setTicks(TimeTicks ticks, TimeNs origin) {
  ticks_ = std::move(ticks);
  origin_ = origin;
}

void TimeTicker::generate(const QCPRange&, const QLocale&, QChar, int, QVector<double>& ticks,
                          QVector<double>* subTicks, QVector<QString>* tickLabels) {
  ticks.clear();
  if (subTicks) subTicks->clear();
  if (tickLabels) tickLabels->clear();
  for (const auto& tick : ticks_.ticks) {
    ticks.push_back(static_cast<double>(tick.time - origin_));
    if (tickLabels) tickLabels->push_back(tick.label);
  }
}

}  // namespace moescope
