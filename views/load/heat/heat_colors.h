// From values to colours of a heatmap: cividis, or blue-white-orange around a middle.
#pragma once

#include <QColor>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/loads/load_matrix.h"

namespace moescope {

enum class HeatScale {
  Linear,    ///< from 0
  Log,       ///< from the smallest value above 0; 0 has the lowest colour
  Relative,  ///< around 1.00, above it by ratio
  Change     ///< around 0.00
};

/// What a scale reaches over.
struct HeatExtent {
  double low = 0, high = 1;
  friend bool operator==(const HeatExtent&, const HeatExtent&) = default;
};
/// All values of `matrix`, and at least so much that small differences stay pale.
HeatExtent heat_extent(HeatScale scale, const LoadMatrix& matrix);
/// For a picture that is rebuilt all the time, so that colours keep their meaning: `extent` with
/// its ends on the next of 1, 2 and 5 times a power of ten. From the extent `before` it widens at
/// once, and narrows only when less than a quarter of it is needed.
HeatExtent steady_extent(HeatScale scale, const HeatExtent& extent,
                         const std::optional<HeatExtent>& before);

class HeatColors {
 public:
  static constexpr int kLevels = 255;

  HeatColors() : HeatColors(HeatScale::Linear, HeatExtent{}) {}
  /// The scale reaches over all values of `matrix`.
  HeatColors(HeatScale scale, const LoadMatrix& matrix)
      : HeatColors(scale, heat_extent(scale, matrix)) {}
  HeatColors(HeatScale scale, const HeatExtent& extent);

  HeatScale scale() const { return scale_; }
  bool diverging() const { return scale_ == HeatScale::Relative || scale_ == HeatScale::Change; }
  double low() const { return low_; }
  double high() const { return high_; }
  HeatExtent extent() const { return {low_, high_}; }
  /// Place on the colour bar, 0..1.
  double position(double value) const;
  double valueAt(double position) const;
  /// Colour level of a value, 0 .. kLevels - 1.
  int level(double value) const;
  /// @param dark on a dark background, where the white middle of a diverging scale would glare
  QRgb color(int level, bool dark = false) const {
    return (dark ? dark_colors_ : colors_)[static_cast<std::size_t>(level)];
  }
  /// How much a level is worth seeing, 1 .. kLevels: the highest most, or on a diverging scale the
  /// one farthest from the middle (of two as far the higher).
  std::uint8_t loudness(int level) const { return loudness_[static_cast<std::size_t>(level)]; }
  /// Round values for the bar, ascending, with the middle of a diverging scale.
  std::vector<double> ticks(int most) const;

 private:
  HeatScale scale_;
  double low_ = 0, high_ = 1;
  float log_low_ = 0, log_span_ = 1;
  std::array<QRgb, kLevels> colors_{}, dark_colors_{};
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
