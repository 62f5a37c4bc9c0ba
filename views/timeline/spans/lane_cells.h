// One lane of the timeline as pixels: which class each column shows and how full it is.
#pragma once

#include <QRgb>
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "views/common/theme.h"
#include "views/plot/axis/pixel_map.h"

namespace moescope {

/// What a column shows: a class, with flags. Small, so that colours come from a table.
using CellColor = std::uint8_t;
inline constexpr CellColor kCellWaits = 0x10;  ///< communication that only waits: hatched
inline constexpr CellColor kCellEdge = 0x20;   ///< first column of a span: drawn lighter
inline constexpr CellColor kCellDim = 0x40;    ///< no hit of the search: pale
inline constexpr CellColor kCellClassMask = 0x0F;
inline constexpr int kCellColors = 0x80;
/// Host spans have one of these shades by name: the class, and the values above it.
inline constexpr int kHostShades = 5;
static_assert(kSpanClassCount - 1 + kHostShades <= kCellClassMask + 1);
/// The class of a cell, whatever its shade.
inline SpanClass class_of_cell(CellColor color) {
  return static_cast<SpanClass>(std::min<int>(color & kCellClassMask, kSpanClassCount - 1));
}
/// Fullness 0 (nothing) to 8 (covered all along); 1 is still clearly visible.
inline constexpr int kFullLevel = 8;

inline CellColor cell_color(ClassifiedName name) {
  return static_cast<CellColor>(static_cast<unsigned>(name.span_class) |
                                (name.waits ? kCellWaits : 0U));
}

/// A span wide enough to carry its name.
struct LaneLabel {
  double x0 = 0, x1 = 0;  ///< device pixels, may lie outside the picture
  StringId name = 0;
  CellColor color = 0;
};

/// The columns of one lane.
struct LaneCells {
  std::vector<CellColor> color;
  std::vector<std::uint8_t> level;
  std::vector<LaneLabel> labels;
  bool any = false;        ///< some column is not empty
  bool any_waits = false;  ///< some column is hatched
  bool complete = true;    ///< false: drawn coarsely until its spans are loaded
};

/// Moves columns `by` to the left (negative: right) and puts the |by| columns of `strip` where that
/// leaves room.
template <typename T>
void pan_columns(std::vector<T>& columns, int by, const std::vector<T>& strip) {
  if (by > 0)
    std::copy(columns.begin() + by, columns.end(), columns.begin());
  else
    std::copy_backward(columns.begin(), columns.end() + by, columns.end());
  std::copy(strip.begin(), strip.end(), by > 0 ? columns.end() - by : columns.begin());
}
/// The same for a lane with its labels; `strip` was drawn for its part of the map.
void pan_cells(LaneCells& cells, int by, const LaneCells& strip);

/// Adds spans in order of start and works out the fullness of each column and the class that
/// covers most of it; what is not dimmed counts more than all that is. Keeps its buffers between
/// lanes.
class CellAccumulator {
 public:
  void begin(int width);
  /// Covers columns [x0, x1), cut to the picture, with `fill` (0 to 1) of its area.
  void add(double x0, double x1, double fill, CellColor color) {
    const int column = static_cast<int>(std::clamp(x0, -1.0, 1e9));
    if (x0 >= 0 && x1 > x0 && x1 < column + 1 && column < width_)
      cover(column, static_cast<float>((x1 - x0) * fill), color);  // most spans of a dense lane
    else
      addWide(x0, x1, fill, color);
  }
  /// A mark of no length: visible whatever else is there is small.
  void mark(double x, CellColor color);
  /// The column is where a wide span begins.
  void edge(int column);
  /// Rounds to levels. The accumulator is empty afterwards.
  void finish(LaneCells& cells);

 private:
  void addWide(double x0, double x1, double fill, CellColor color);
  void cover(int column, float amount, CellColor color) {
    const auto i = static_cast<std::size_t>(column);
    busy_[i] += amount;
    show(i, amount, color);
  }
  void show(std::size_t column, float amount, CellColor color) {
    const float weight = color & kCellDim ? amount - kAnyAmount : amount;
    if (weight <= best_[column]) return;
    best_[column] = weight;
    color_[column] = color;
  }

  static constexpr float kAnyAmount = 4;  ///< more than a column can hold of one span

  int width_ = 0;
  std::vector<float> busy_, best_;
  std::vector<CellColor> color_;
  std::vector<int> edges_;
};

/// Colours of a theme for every cell: opaque, blended with the background by fullness.
class LanePalette {
 public:
  LanePalette() = default;
  explicit LanePalette(const Theme& theme);
  QRgb fill(CellColor color, int level) const {
    return fill_[static_cast<std::size_t>(color)][static_cast<std::size_t>(level)];
  }
  /// Colour of the hatch lines over waiting communication.
  QRgb hatch(CellColor color) const {
    return hatch_[static_cast<std::size_t>(color & kCellClassMask) |
                  (color & kCellDim ? kCellClassMask + 1U : 0U)];
  }
  QRgb background() const { return background_; }

 private:
  std::array<std::array<QRgb, kFullLevel + 1>, kCellColors> fill_{};
  std::array<QRgb, 2 * (kCellClassMask + 1)> hatch_{};  ///< by class, then dimmed
  QRgb background_ = 0xFF000000;
};

/// `amount` (0 to 1) of `top` over `bottom`, opaque.
QRgb mix(QRgb bottom, QRgb top, double amount);

/// Pixels after which hatch lines repeat, to either side.
inline int hatch_period(int scale) {
  return 6 * scale;
}
/// True where a hatch line runs; the same in the picture and in the legend.
inline bool hatched(int x, int y, int scale) {
  return (x + y) % hatch_period(scale) < 2 * scale;
}

/// Neighbouring columns of one look: the picture as rectangles, for vector output.
struct CellRun {
  PixelRun columns;
  CellColor color = 0;
  std::uint8_t level = 0;
};
std::vector<CellRun> cell_runs(const LaneCells& cells);

}  // namespace moescope
