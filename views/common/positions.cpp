#include "views/common/positions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "views/common/units.h"

namespace moescope {
TimeUnit position_unit(TimeNs latest) {
  static constexpr std::array<TimeUnit, 4> kUnits = {
      {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"µs", 1'000}, {"ns", 1}}};
  for (const TimeUnit& unit : kUnits)
    if (latest >= unit.ns || latest <= -unit.ns) return unit;
  return kUnits.back();
}

int position_decimals(double resolution, const TimeUnit& unit) {
  const double exact = std::log10(static_cast<double>(unit.ns));
  const double needed = exact - std::log10(std::max(resolution, 1.0));
  return std::clamp(static_cast<int>(std::ceil(needed - 1e-9)), 0,
                    static_cast<int>(std::lround(exact)));
}

QString format_position_number(TimeNs ns, const TimeUnit& unit, int decimals) {
  // Whole and fraction are separate: after some months a double cannot represent ns.
  const TimeNs whole = ns / unit.ns;
  const QString text = english_locale().toString(static_cast<qlonglong>(whole));
  if (decimals == 0) return text;
  const TimeNs rest = ns % unit.ns;
  QString fraction = english_locale().toString(
      std::abs(static_cast<double>(rest)) / static_cast<double>(unit.ns), 'f', decimals);
  if (fraction.startsWith(QLatin1Char('1')))
    return english_locale().toString(static_cast<qlonglong>(whole + (ns < 0 ? -1 : 1))) +
           fraction.mid(1);
  const bool lost_sign = ns < 0 && whole == 0;
  return (lost_sign ? QStringLiteral("-") : QString()) + text + fraction.mid(1);
}

QString format_position(TimeNs ns, double resolution, const TimeUnit& unit) {
  return format_position_number(ns, unit, position_decimals(resolution, unit)) + QLatin1Char(' ') +
         QString::fromUtf8(unit.symbol);
}

QString format_range(TimeRange range) {
  const TimeUnit unit = position_unit(range.end);
  const int decimals = position_decimals(static_cast<double>(range.length()) / 1000, unit);
  return QString::fromUtf8("%1 – %2 %3 (%4)")
      .arg(format_position_number(range.begin, unit, decimals),
           format_position_number(range.end, unit, decimals), QString::fromUtf8(unit.symbol),
           format_time(range.length()));
}

}  // namespace moescope
