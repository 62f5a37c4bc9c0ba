#include "core/figure_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace moescope {
namespace {

/// Digits behind the point that leave `digits` in all.
int decimals_for(double value, int digits) {
  if (!(std::abs(value) > 0)) return digits - 1;
  return std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 9);
}

struct Unit {
  double size;
  const char* name;
};

Unit unit_of(double ns) {
  constexpr Unit kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  for (const Unit& unit : kUnits)
    if (std::abs(ns) >= unit.size) return unit;
  return {1, "ns"};
}

}  // namespace

std::string bytes_text(double bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; std::abs(bytes) >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : decimals_for(bytes, 3), kUnits[unit]);
}

std::string duration_text(double ns, std::optional<double> error_ns) {
  const Unit unit = unit_of(ns);
  const double value = ns / unit.size;
  if (!error_ns) return fmt::format("{:.{}f} {}", value, decimals_for(value, 3), unit.name);
  const double error = *error_ns / unit.size;
  const int decimals = std::min(decimals_for(error, 2), 3);
  return fmt::format("{:.{}f} ± {:.{}f} {}", value, decimals, error, decimals, unit.name);
}

std::string count_text(std::int64_t count) {
  std::string text = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace moescope
