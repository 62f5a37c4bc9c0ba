#include "views/load/heat/heat_colors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

// Ten stops each; between them colours are mixed in RGB.
constexpr std::array<QRgb, 10> kCividis = {0xFF00224E, 0xFF123570, 0xFF3B496C, 0xFF575D6D,
                                           0xFF707173, 0xFF8A8678, 0xFFA59C74, 0xFFC3B369,
                                           0xFFE1CC55, 0xFFFEE838};
constexpr std::array<QRgb, 7> kBlueWhiteOrange = {0xFF1B4F9C, 0xFF4A90D0, 0xFFA9CFEA, 0xFFFFFFFF,
                                                  0xFFFBC38D, 0xFFE8832E, 0xFFA8480A};
// As far from a dark background as the other is from a light one: the ends are loud, the middle is
// a shade above it.
constexpr std::array<QRgb, 7> kBlueGreyOrange = {0xFF8CC4FF, 0xFF4A90D0, 0xFF365A7C, 0xFF3A4048,
                                                 0xFF7D5230, 0xFFD9762B, 0xFFFFB366};
constexpr double kLeastRelative = 1.5, kLeastChange = 0.05;
constexpr std::size_t kTableWorthIt = 30'000;  ///< cells

QRgb mix(std::span<const QRgb> stops, double position) {
  const double at = std::clamp(position, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  const double share = at - static_cast<double>(i);
  const auto channel = [&](int (*of)(QRgb)) {
    return static_cast<int>(std::lround(of(stops[i]) * (1 - share) + of(stops[i + 1]) * share));
  };
  return qRgb(channel(qRed), channel(qGreen), channel(qBlue));
}

struct Extent {
  double lowest = 0, most = 0, least = 0;  ///< of all values and 0; least above 0, 0: none
};

/// NaN is left out: it compares as neither. Four strands, as each comparison waits for the last.
Extent extent_of(const std::vector<double>& values) {
  constexpr std::size_t kStrands = 4;
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::array<double, kStrands> lowest{}, most{}, least;
  least.fill(kNone);
  const auto take = [&](std::size_t strand, double v) {
    lowest[strand] = v < lowest[strand] ? v : lowest[strand];
    most[strand] = v > most[strand] ? v : most[strand];
    const double positive = v > 0 ? v : kNone;
    least[strand] = positive < least[strand] ? positive : least[strand];
  };
  std::size_t i = 0;
  for (; i + kStrands <= values.size(); i += kStrands)
    for (std::size_t s = 0; s < kStrands; ++s) take(s, values[i + s]);
  for (; i < values.size(); ++i) take(0, values[i]);
  const double smallest = *std::min_element(least.begin(), least.end());
  return {*std::min_element(lowest.begin(), lowest.end()),
          *std::max_element(most.begin(), most.end()), smallest == kNone ? 0 : smallest};
}

/// The least of 1, 2 and 5 times a power of ten that is not below `value`, which is above 0.
double step_above(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (value <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

/// The greatest that is not above it.
double step_below(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {5.0, 2.0})
    if (value >= factor * power * (1 - 1e-9)) return factor * power;
  return power;
}

/// Levels of many values, without a logarithm for each: the upper bits of a float determine the
/// level up to one boundary or few, which are then compared.
class LevelTable {
 public:
  explicit LevelTable(const HeatColors& colors) : first_(std::size_t{1} << (32 - kDropped)) {
    for (int level = 1; level < HeatColors::kLevels; ++level)
      boundary_[static_cast<std::size_t>(level)] =
          static_cast<float>(colors.valueAt((level - 0.5) / (HeatColors::kLevels - 1)));
    boundary_[0] = -std::numeric_limits<float>::infinity();
    boundary_[HeatColors::kLevels] = std::numeric_limits<float>::infinity();
    // Positive floats ascend with their bits.
    int level = 0;
    for (std::uint32_t i = 0; i < first_.size() / 2; ++i) {
      const float from = std::bit_cast<float>(i << kDropped);
      while (boundary_[static_cast<std::size_t>(level + 1)] <= from) ++level;
      first_[i] = static_cast<std::uint8_t>(level);
      if (level == HeatColors::kLevels - 1) {
        std::fill(first_.begin() + i, first_.begin() + static_cast<long>(first_.size() / 2),
                  static_cast<std::uint8_t>(level));
        break;
      }
    }
  }
  /// @pre value is not NaN and not below 0
  std::uint8_t level(float value) const {
    std::uint8_t level = first_[std::bit_cast<std::uint32_t>(value) >> kDropped];
    // Most runs hold one boundary at most: added without a branch, which would be a coin toss.
    level = static_cast<std::uint8_t>(level + (boundary_[level + 1U] <= value ? 1 : 0));
    while (boundary_[level + 1U] <= value) ++level;
    return level;
  }

 private:
  static constexpr int kDropped = 16;                      ///< bits of the mantissa; 7 stay
  std::array<float, HeatColors::kLevels + 1> boundary_{};  ///< lowest value of each level
  std::vector<std::uint8_t> first_;                        ///< level where a run of floats begins
};

}  // namespace

HeatExtent heat_extent(HeatScale scale, const LoadMatrix& matrix) {
  const auto [lowest, most, least] = extent_of(matrix.values);
  switch (scale) {
    case HeatScale::Linear:
      return {0, most > 0 ? most : 1};
    case HeatScale::Log: {
      const double low = least > 0 ? least : 1;
      return {low, std::max(most, low * 1.0001)};
    }
    case HeatScale::Relative:
      return {0, std::max(most, kLeastRelative)};
    case HeatScale::Change: {
      const double high = std::max({most, -lowest, kLeastChange});
      return {-high, high};
    }
  }
  return {};
}

HeatExtent steady_extent(HeatScale scale, const HeatExtent& extent,
                         const std::optional<HeatExtent>& before) {
  constexpr double kNarrow = 4;
  HeatExtent steady{extent.low, step_above(extent.high)};
  if (before && before->high > steady.high && step_above(extent.high * kNarrow) > before->high)
    steady.high = before->high;
  if (scale == HeatScale::Change) steady.low = -steady.high;
  if (scale != HeatScale::Log) return steady;
  steady.low = step_below(extent.low);
  if (before && before->low < steady.low && step_below(extent.low / kNarrow) < before->low)
    steady.low = before->low;
  return steady;
}

HeatColors::HeatColors(HeatScale scale, const HeatExtent& extent)
    : scale_(scale), low_(extent.low), high_(extent.high) {
  log_low_ = scale == HeatScale::Log ? static_cast<float>(std::log2(low_)) : 0;
  log_span_ = std::max(static_cast<float>(std::log2(std::max(high_, 1e-300))) - log_low_, 1e-6F);
  for (int i = 0; i < kLevels; ++i) {
    const double position = i / (kLevels - 1.0);
    const auto at = static_cast<std::size_t>(i);
    colors_[at] = diverging() ? mix(kBlueWhiteOrange, position) : mix(kCividis, position);
    dark_colors_[at] = diverging() ? mix(kBlueGreyOrange, position) : colors_[at];
    const int from_middle = i - kLevels / 2;
    const int loud = !diverging()      ? i + 1
                     : from_middle < 0 ? -2 * from_middle
                                       : 2 * from_middle + 1;
    loudness_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(loud);
  }
}

double HeatColors::position(double value) const {
  switch (scale_) {
    case HeatScale::Linear:
      return std::clamp(value / high_, 0.0, 1.0);
    case HeatScale::Log:
      if (!(value > 0)) return 0;
      return std::clamp((std::log2(static_cast<float>(value)) - log_low_) / log_span_, 0.0F, 1.0F);
    case HeatScale::Relative:
      if (value <= 1) return std::max(value, 0.0) / 2;
      return std::min(0.5F + std::log2(static_cast<float>(value)) / log_span_ / 2, 1.0F);
    case HeatScale::Change:
      return std::clamp(0.5 + value / high_ / 2, 0.0, 1.0);
  }
  return 0;
}

double HeatColors::valueAt(double position) const {
  switch (scale_) {
    case HeatScale::Linear:
      return position * high_;
    case HeatScale::Log:
      return std::exp2(log_low_ + position * log_span_);
    case HeatScale::Relative:
      return position <= 0.5 ? 2 * position : std::exp2((2 * position - 1) * log_span_);
    case HeatScale::Change:
      return (2 * position - 1) * high_;
  }
  return 0;
}

int HeatColors::level(double value) const {
  return static_cast<int>(std::lround(position(value) * (kLevels - 1)));
}

std::vector<double> HeatColors::ticks(int most) const {
  std::vector<double> ticks;
  const auto add_log = [&](double from, double to) {
    for (double power = std::pow(10, std::floor(std::log10(from))); power <= to; power *= 10)
      for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= from * 0.999 && factor * power <= to * 1.001)
          ticks.push_back(factor * power);
    // Powers of ten alone when there are many.
    if (static_cast<int>(ticks.size()) > most)
      std::erase_if(ticks, [](double t) {
        const double power = std::log10(t);
        return std::abs(power - std::round(power)) > 1e-9;
      });
  };
  if (scale_ == HeatScale::Log) {
    add_log(low_, high_);
  } else if (scale_ == HeatScale::Relative) {
    ticks = {0, 0.5};
    for (double t = 1; t <= high_ * 1.001; t *= 2) ticks.push_back(t);
    if (high_ / ticks.back() > 1.3) ticks.push_back(high_);
  } else {
    const double step = nice_step(high_ - low_, most);
    for (double t = std::ceil(low_ / step - 1e-9) * step; t <= high_ + step * 1e-6; t += step)
      ticks.push_back(std::abs(t) < step * 1e-6 ? 0 : t);
  }
  return ticks;
}

HeatCells heat_cells(const LoadMatrix& matrix, const HeatColors& colors) {
  HeatCells cells{matrix.rows, matrix.columns, {}};
  cells.loudness.resize(matrix.values.size());
  const auto fill = [&](const auto& level_of) {
    const double* values = matrix.values.data();
    std::uint8_t* loudness = cells.loudness.data();
    for (std::size_t i = 0; i < cells.loudness.size(); ++i) {
      const bool known = values[i] == values[i];
      const std::uint8_t level = level_of(known ? values[i] : 0.0);
      // One more than the level is its loudness on a scale that does not diverge.
      loudness[i] = known ? static_cast<std::uint8_t>(level + 1) : HeatCells::kMissing;
    }
  };
  const bool curved = colors.scale() == HeatScale::Log || colors.scale() == HeatScale::Relative;
  if (!curved) {
    // As position() and level(), without a call or a branch for each cell.
    const double zero = colors.position(0), high = colors.high() / (1 - zero);
    fill([zero, high](double value) {
      const double above = std::max(zero + value / high, 0.0);
      const double position = std::min(above, 1.0);
      // Not negative; lround() would be a call. NOLINTNEXTLINE(bugprone-incorrect-roundings)
      const int level = static_cast<int>(position * (HeatColors::kLevels - 1) + 0.5);
      return static_cast<std::uint8_t>(level);
    });
  } else if (matrix.values.size() > kTableWorthIt) {
    const LevelTable table(colors);
    fill([&table](double value) {
      return table.level(static_cast<float>(std::clamp(value, 0.0, 3e38)));
    });
  } else {
    fill([&colors](double value) { return static_cast<std::uint8_t>(colors.level(value)); });
  }
  if (colors.diverging())
    for (std::uint8_t& loud : cells.loudness)
      if (loud != HeatCells::kMissing) loud = colors.loudness(loud - 1);
  return cells;
}

}  // namespace moescope
