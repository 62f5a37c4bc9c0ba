#include "views/timeline/spans/lane_cells.h"

#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

constexpr double kFaintest = 0.4;      // a nearly empty column still shows this much of its colour
constexpr double kEdgeTint = 0.45;     // how much background the first column of a span takes
constexpr double kHatchGround = 0.35;  // colour between the hatch lines
constexpr double kDimmed = 0.25;       // how much of its colour a span keeps that is no hit
constexpr double kDimmedHost = 0.5;    // of the pale ones of the host
// Shades of host spans beside that of the class, which distinguish names; paler than any class.
constexpr QRgb kLightHost[] = {0xFFC7BCD6, 0xFFBBCDBF, 0xFFD5CBAF, 0xFFB3C7D6};
constexpr QRgb kDarkHost[] = {0xFF584B6C, 0xFF43584A, 0xFF5C5238, 0xFF3B5468};
static_assert(std::size(kLightHost) + 1 == kHostShades && std::size(kDarkHost) + 1 == kHostShades);

}  // namespace

QRgb mix(QRgb bottom, QRgb top, double amount) {
  const auto channel = [amount](int a, int b) {
    return static_cast<int>(std::lround(a + (b - a) * amount));
  };
  return qRgb(channel(qRed(bottom), qRed(top)), channel(qGreen(bottom), qGreen(top)),
              channel(qBlue(bottom), qBlue(top)));
}

void pan_cells(LaneCells& cells, int by, const LaneCells& strip) {
  const auto width = static_cast<std::ptrdiff_t>(cells.level.size());
  pan_columns(cells.color, by, strip.color);
  pan_columns(cells.level, by, strip.level);
  for (auto& label : cells.labels) {
    label.x0 -= by;
    label.x1 -= by;
  }
  std::erase_if(cells.labels, [&](const LaneLabel& label) {
    return label.x1 < 0 || label.x0 >= static_cast<double>(width);
  });
  // The strip also has the spans that reach out of it, which are known already.
  const double left = by > 0 ? static_cast<double>(width - by) : 0;
  std::vector<LaneLabel> fresh;
  for (LaneLabel label : strip.labels) {
    if (by > 0 ? label.x0 < 0 : label.x1 >= -by) continue;
    label.x0 += left;
    label.x1 += left;
    fresh.push_back(label);
  }
  cells.labels.insert(by > 0 ? cells.labels.end() : cells.labels.begin(), fresh.begin(),
                      fresh.end());
  cells.any |= strip.any;
  cells.any_waits |= strip.any_waits;
}

void CellAccumulator::begin(int width) {
  width_ = std::max(width, 0);
  const auto n = static_cast<std::size_t>(width_);
  busy_.assign(n, 0);
  best_.assign(n, -2 * kAnyAmount);
  color_.assign(n, 0);
  edges_.clear();
}

void CellAccumulator::addWide(double x0, double x1, double fill, CellColor color) {
  x0 = std::max(x0, 0.0);
  x1 = std::min(x1, static_cast<double>(width_));
  if (!(x0 < x1)) return;
  const int first = static_cast<int>(x0);
  const int last = static_cast<int>(x1);  // the column in which it ends
  const auto f = static_cast<float>(fill);
  if (first == last) {
    cover(first, static_cast<float>(x1 - x0) * f, color);
    return;
  }
  cover(first, static_cast<float>(first + 1 - x0) * f, color);
  for (int column = first + 1; column < last; ++column) cover(column, f, color);
  if (last < width_ && x1 > last) cover(last, static_cast<float>(x1 - last) * f, color);
}

void CellAccumulator::mark(double x, CellColor color) {
  constexpr float kTrace = 1e-6F;  // visible, and nothing beside any length
  if (x < 0 || x >= width_) return;
  const auto i = static_cast<std::size_t>(x);
  busy_[i] = std::max(busy_[i], kTrace);
  show(i, kTrace, color);
}

void CellAccumulator::edge(int column) {
  if (column >= 0 && column < width_) edges_.push_back(column);
}

void CellAccumulator::finish(LaneCells& cells) {
  cells.color = color_;
  cells.level.resize(color_.size());
  unsigned any = 0, waits = 0;
  for (std::size_t i = 0; i < color_.size(); ++i) {
    const int rounded = static_cast<int>(std::min(busy_[i], 1.0F) * kFullLevel + 0.5F);
    const int level = std::max(rounded, busy_[i] > 0 ? 1 : 0);
    cells.level[i] = static_cast<std::uint8_t>(level);
    any |= static_cast<unsigned>(level);
    waits |= level > 0 ? color_[i] & kCellWaits : 0U;
  }
  cells.any = any != 0;
  cells.any_waits = waits != 0;
  for (const int column : edges_) cells.color[static_cast<std::size_t>(column)] |= kCellEdge;
}

LanePalette::LanePalette(const Theme& theme) : background_(theme.background.rgb()) {
  for (int c = 0; c < kCellColors; ++c) {
    const auto color = static_cast<CellColor>(c);
    const int index = color & kCellClassMask;
    const int shade = index - static_cast<int>(SpanClass::Host);
    if (shade >= kHostShades) continue;
    const QRgb full = shade > 0 ? (theme.dark ? kDarkHost : kLightHost)[shade - 1]
                                : theme.color(static_cast<SpanClass>(index)).rgb();
    const bool dim = color & kCellDim;
    const auto dimmed = [&](QRgb bright) {
      return dim ? mix(background_, bright, shade >= 0 ? kDimmedHost : kDimmed) : bright;
    };
    hatch_[static_cast<std::size_t>(index) + (dim ? kCellClassMask + 1U : 0U)] = dimmed(full);
    QRgb ground = color & kCellWaits ? mix(background_, full, kHatchGround) : full;
    if (color & kCellEdge) ground = mix(ground, background_, kEdgeTint);
    ground = dimmed(ground);
    auto& levels = fill_[static_cast<std::size_t>(c)];
    levels[0] = background_;
    for (int level = 1; level <= kFullLevel; ++level)
      levels[static_cast<std::size_t>(level)] =
          mix(background_, ground, kFaintest + (1 - kFaintest) * level / kFullLevel);
  }
}

std::vector<CellRun> cell_runs(const LaneCells& cells) {
  std::vector<CellRun> runs;
  const int width = static_cast<int>(cells.level.size());
  for (int i = 0; i < width;) {
    const auto at = static_cast<std::size_t>(i);
    const auto level = cells.level[at];
    const auto color = cells.color[at];
    int end = i + 1;
    while (end < width && cells.level[static_cast<std::size_t>(end)] == level &&
           (level == 0 || cells.color[static_cast<std::size_t>(end)] == color))
      ++end;
    if (level != 0) runs.push_back({{i, end}, color, level});
    i = end;
  }
  return runs;
}

}  // namespace moescope
