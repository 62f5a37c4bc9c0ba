// How well one colour is seen on another.
#pragma once

#include <QColor>
#include <algorithm>
#include <cmath>

namespace moescope {

/// Contrast ratio of WCAG 2, 1 to 21; texts need 4.5 (AA), lines and marks 3.
inline double contrast(const QColor& a, const QColor& b) {
  const auto luminance = [](const QColor& color) {
    const auto linear = [](double part) {
      return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
           0.0722 * linear(color.blueF());
  };
  const double one = luminance(a), other = luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

}  // namespace moescope
