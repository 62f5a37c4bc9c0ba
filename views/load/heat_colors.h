// From values to colours of a heatmap: cividis, or blue-white-orange around a middle.
#pragma once

#include <QColor>
#include <array>
#include <cstdint>
#include <vector>

#include "core/loads/load_matrix.h"

namespace moescope {

enum class HeatScale {
  Linear,    ///< from 0
  Log,       ///< from the smallest value above 0; 0 has the lowest colour
  Relative,  ///< around 1.00, above it by ratio
  Change     ///< around 0.00
};

class HeatColors {
 public:
  static constexpr int kLevels = 255;

  HeatColors() : HeatColors(HeatScale::Linear, {}) {}
  /// The scale reaches over all values of `matrix`.
  HeatColors(HeatScale scale, const LoadMatrix& matrix);

  HeatScale scale() const { return scale_; }
  bool diverging() const { return scale_ == HeatScale::Relative || scale_ == HeatScale::Change; }
  double low() const { return low_; }
  double high() const { return high_; }
  /// Place on the colour bar, 0..1.
  double position(double value) const;
  double valueAt(double position) const;
  /// Colour level of a value, 0 .. kLevels - 1.
  int level(double value) const;
  QRgb color(int level) const { return colors_[static_cast<std::size_t>(level)]; }
  /// How much a level is worth seeing, 1 .. kLevels: the highest most, or on a diverging scale the
  /// one farthest from the middle (of two as far the higher).
  std::uint8_t loudness(int level) const { return loudness_[static_cast<std::size_t>(level)]; }
  /// Round values for the bar, ascending, with the middle of a diverging scale.
  std::vector<double> ticks(int most) const;

 private:
  HeatScale scale_;
  double low_ = 0, high_ = 1;
  float log_low_ = 0, log_span_ = 1;
  std::array<QRgb, kLevels> colors_{};
  std::array<std::uint8_t, kLevels> loudness_{};
};

/// Loudness of all cells, so that of several the greatest is the one to show; kMissing where
/// nothing is known.
struct HeatCells {
  static constexpr std::uint8_t kMissing = 0;
  int rows = 0, columns = 0;
  std::vector<std::uint8_t> loudness;
};
HeatCells heat_cells(const LoadMatrix& matrix, const HeatColors& colors);

}  // namespace moescope
