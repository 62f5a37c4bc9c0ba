#include "views/common/units.h"

#include <QLocale>
#include <QRegularExpression>
#include <algorithm>
#include <array>
#include <cmath>

#include "views/common/positions.h"

namespace moescope {

QLocale english_locale() {
  return QLocale(QLocale::English, QLocale::UnitedStates);
}

namespace {

/// Three significant digits without an exponent; at least 100 is shown whole.
QString three_digits(double value) {
  const double magnitude = std::abs(value);
  const int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return english_locale().toString(value, 'f', decimals);
}

}  // namespace

QString format_time(TimeNs ns) {
  const double value = static_cast<double>(ns);
  const double magnitude = std::abs(value);
  if (magnitude < 1e3) return QString::number(ns) + " ns";
  if (magnitude < 999.5e3) return three_digits(value / 1e3) + " µs";  // no "1,000 µs"
  if (magnitude < 999.5e6) return three_digits(value / 1e6) + " ms";
  return three_digits(value / 1e9) + " s";
}

QString format_time_full(TimeNs ns) {
  return english_locale().toString(static_cast<qlonglong>(ns)) + " ns";
}

QString format_position(TimeNs ns, double resolution) {
  return format_position(ns, resolution, position_unit(ns));
}

QString format_count(quint64 n) {
  return english_locale().toString(static_cast<qulonglong>(n));
}
QString counted(quint64 n, const QString& one, const QString& many) {
  return format_count(n) + QLatin1Char(' ') + (n == 1 ? one : many);
}

QString format_percent(double percent) {
  return english_locale().toString(percent, 'f', 1) + " %";
}

QString format_bytes(quint64 bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return (unit == 0 ? QString::number(bytes) : three_digits(value)) + ' ' + kUnits[unit];
}

QString with_window_units(const std::string& text) {
  static const QRegularExpression microseconds(QStringLiteral("(\\d) us\\b"));
  return QString::fromStdString(text).replace(microseconds, QStringLiteral("\\1 µs"));
}

}  // namespace moescope
