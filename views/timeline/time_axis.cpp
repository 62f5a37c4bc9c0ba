#include "views/timeline/time_axis.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <array>
#include <cmath>

namespace moescope {
namespace {

constexpr std::array<TimeUnit, 4> kUnits = {
    {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"µs", 1'000}, {"ns", 1}}};

/// Smallest 1, 2 or 5 times a power of ten that is at least `ns`.
TimeNs round_step(double ns) {
  TimeNs step = 1;
  while (static_cast<double>(step) < ns && step < 1'000'000'000'000'000'000) {
    if (static_cast<double>(step * 2) >= ns) return step * 2;
    if (static_cast<double>(step * 5) >= ns) return step * 5;
    step *= 10;
  }
  return step;
}

/// The largest unit of which the step has at most three decimals and the range at least one.
TimeUnit unit_for(TimeNs length, TimeNs step) {
  for (const auto& unit : kUnits)
    if (length >= unit.ns && step >= unit.ns / 1000) return unit;
  return kUnits.back();
}

int decimals_for(TimeNs step, TimeNs unit) {
  int decimals = 0;
  for (TimeNs scale = 1; decimals < 9 && (step * scale) % unit != 0; scale *= 10) ++decimals;
  return decimals;
}

}  // namespace

TimeTicks time_ticks(TimeRange range, int width, int min_spacing) {
  TimeTicks result;
  if (range.empty() || width <= 0) return result;
  const double spacing = std::max(min_spacing, 1);
  result.step = round_step(static_cast<double>(range.length()) * spacing / width);
  result.unit = unit_for(range.length(), result.step);
  const int decimals = decimals_for(result.step, result.unit.ns);
  const QLocale locale(QLocale::English, QLocale::UnitedStates);
  TimeNs at = range.begin - range.begin % result.step;
  if (at < range.begin) at += result.step;
  for (; at <= range.end; at += result.step) {
    const double value = static_cast<double>(at) / static_cast<double>(result.unit.ns);
    result.ticks.push_back({at, locale.toString(value, 'f', decimals)});
    if (at > std::numeric_limits<TimeNs>::max() - result.step) break;
  }
  return result;
}

QString time_axis_title(const TimeUnit& unit) {
  return QCoreApplication::translate("Timeline", "Time since trace start (%1)")
      .arg(QString::fromUtf8(unit.symbol));
}

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
