#include "views/plot/error_bar.h"

#include <QLocale>
#include <algorithm>
#include <cmath>
#include <iterator>

namespace moescope {
namespace {

struct Unit {
  double size;
  const char* name;
};
constexpr Unit kTimes[] = {{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};
constexpr Unit kBytes[] = {{1, "B"},
                           {1024, "KiB"},
                           {1024.0 * 1024, "MiB"},
                           {1024.0 * 1024 * 1024, "GiB"},
                           {1024.0 * 1024 * 1024 * 1024, "TiB"}};
constexpr int kMostDecimals = 3;

/// Three significant digits of the value, and at least one of the error.
int decimals_of(double value, double error) {
  const double magnitude = std::abs(value);
  const int of_value = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  const int of_error = error > 0 ? static_cast<int>(-std::floor(std::log10(error))) : 0;
  return std::clamp(of_error, of_value, std::max(of_value, kMostDecimals));
}

template <std::size_t N>
QString with_error(double value, double error, const Unit (&units)[N]) {
  error = std::abs(error);
  const double larger = std::max(std::abs(value), error);
  const Unit* unit = std::begin(units);
  while (unit + 1 != std::end(units) && larger >= (unit + 1)->size) ++unit;
  const QLocale english(QLocale::English, QLocale::UnitedStates);
  const int decimals = decimals_of(value / unit->size, error / unit->size);
  return QStringLiteral("%1 ± %2 %3")
      .arg(english.toString(value / unit->size, 'f', decimals),
           english.toString(error / unit->size, 'f', decimals), QString::fromUtf8(unit->name));
}

}  // namespace

QString format_time_with_error(double ns, double error_ns) {
  return with_error(ns, error_ns, kTimes);
}

QString format_bytes_with_error(double bytes, double error) {
  return with_error(bytes, error, kBytes);
}

}  // namespace moescope
