// Colours and pixels of heatmaps, without a window.
#include "views/load/heat/heat_raster.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "views/common/theme.h"
#include "views/load/heat/heat_colors.h"

namespace moescope {
namespace {

TEST(HeatRaster, PixelsAreNeverMixedAndTheLoudestCellSurvives) {
  LoadMatrix m(1, 1000);
  for (double& v : m.values) v = 1;
  m.at(0, 501) = 9;
  const HeatColors colors(HeatScale::Linear, m);
  const auto cells = heat_cells(m, colors);
  const QImage image = heat_image(cells, colors, {0, 0, 1, 1000}, QSize(100, 3), Theme::light());
  int hot = 0;
  for (int x = 0; x < 100; ++x) {
    const QRgb pixel = image.pixel(x, 1);
    EXPECT_TRUE(pixel == colors.color(colors.level(1)) || pixel == colors.color(colors.level(9)));
    hot += pixel == colors.color(colors.level(9)) ? 1 : 0;
  }
  EXPECT_EQ(hot, 1);
}

/// Loads from 1 to about 1,000, some unknown.
LoadMatrix uneven_matrix(int rows, int columns) {
  LoadMatrix m(rows, columns);
  std::mt19937 random(7);
  for (double& v : m.values)
    v = random() % 50 == 0 ? std::nan("") : std::exp(static_cast<double>(random() % 1000) / 145);
  return m;
}

TEST(HeatRaster, EveryPixelIsTheLoudestOfItsCells) {
  constexpr int kRows = 31, kColumns = 411;
  const LoadMatrix m = uneven_matrix(kRows, kColumns);
  const HeatColors colors(HeatScale::Log, m);
  const auto cells = heat_cells(m, colors);
  for (const int width : {1, 7, 137, 150, 205, 206, 300, 410, 411}) {
    const QImage image =
        heat_image(cells, colors, {0, 0, kRows, kColumns}, QSize(width, 10), Theme::light());
    for (int x = 0; x < width; ++x)
      for (int y = 0; y < 10; ++y) {
        // The cells that begin in this pixel.
        double loudest = 0;
        for (int r = y * kRows / 10; r < (y + 1) * kRows / 10; ++r)
          for (int c = x * kColumns / width; c < (x + 1) * kColumns / width; ++c)
            if (m.at(r, c) > loudest) loudest = m.at(r, c);  // never where it is unknown
        if (loudest == 0) continue;
        ASSERT_EQ(image.pixel(x, y), colors.color(colors.level(loudest)))
            << width << " points wide, at " << x << ", " << y;
      }
  }
}

TEST(HeatColors, LevelsOfManyCellsAreThoseOfEach) {
  const LoadMatrix m = uneven_matrix(200, 200);
  for (const auto scale :
       {HeatScale::Linear, HeatScale::Log, HeatScale::Relative, HeatScale::Change}) {
    const HeatColors colors(scale, m);
    const auto cells = heat_cells(m, colors);
    std::map<int, int> level_of;
    for (int level = 0; level < HeatColors::kLevels; ++level)
      level_of[colors.loudness(level)] = level;
    ASSERT_EQ(level_of.size(), 255U) << "each level has a loudness of its own";
    int off = 0;
    for (std::size_t i = 0; i < m.values.size(); ++i) {
      if (std::isnan(m.values[i])) {
        ASSERT_EQ(cells.loudness[i], HeatCells::kMissing);
        continue;
      }
      const int one = colors.level(m.values[i]);
      ASSERT_NEAR(level_of.at(cells.loudness[i]), one, 1);
      off += level_of.at(cells.loudness[i]) == one ? 0 : 1;
    }
    // A logarithm of single precision may round a value on a boundary the other way.
    EXPECT_LE(off, 20) << static_cast<int>(scale);
  }
}

TEST(HeatRaster, OnADivergingScaleTheCellFarthestFromTheMiddleSurvives) {
  LoadMatrix m(1, 600);
  std::mt19937 random(3);
  for (double& v : m.values) v = static_cast<double>(random() % 2001) / 1000 - 1;
  const HeatColors colors(HeatScale::Change, m);
  const auto cells = heat_cells(m, colors);
  for (const int width : {1, 100, 170, 250, 599}) {
    const QImage image = heat_image(cells, colors, {0, 0, 1, 600}, QSize(width, 1), Theme::light());
    for (int x = 0; x < width; ++x) {
      double farthest = 0;
      for (int c = x * 600 / width; c < (x + 1) * 600 / width; ++c)
        if (std::abs(m.at(0, c)) > std::abs(farthest)) farthest = m.at(0, c);
      const int shown = colors.level(farthest), middle = HeatColors::kLevels / 2;
      // Two that are about as far may round to one distance; then the higher one shows.
      const QRgb other = colors.color(std::max(shown, 2 * middle - shown));
      ASSERT_TRUE(image.pixel(x, 0) == colors.color(shown) || image.pixel(x, 0) == other)
          << width << " points wide, at " << x;
    }
  }
}

TEST(HeatRaster, EnlargedCellsKeepTheirEdges) {
  LoadMatrix m(2, 2);
  m.values = {0, 1, 2, 3};
  const HeatColors colors(HeatScale::Linear, m);
  const QImage image =
      heat_image(heat_cells(m, colors), colors, {0, 0, 2, 2}, QSize(40, 20), Theme::light());
  EXPECT_EQ(image.pixel(19, 9), colors.color(colors.level(0)));
  EXPECT_EQ(image.pixel(20, 9), colors.color(colors.level(1)));
  EXPECT_EQ(image.pixel(20, 10), colors.color(colors.level(3)));
}

TEST(HeatRaster, MissingCellsAreHatchedNotZero) {
  LoadMatrix m(1, 2);
  m.at(0, 1) = 0;
  const HeatColors colors(HeatScale::Linear, m);
  const QImage image =
      heat_image(heat_cells(m, colors), colors, {0, 0, 1, 2}, QSize(40, 20), Theme::light());
  std::set<QRgb> left, right;
  for (int x = 0; x < 20; ++x)
    for (int y = 0; y < 20; ++y) {
      left.insert(image.pixel(x, y));
      right.insert(image.pixel(x + 20, y));
    }
  EXPECT_EQ(left.size(), 2U);
  EXPECT_EQ(right, std::set<QRgb>{colors.color(0)});
}

TEST(HeatColors, RelativeIsWhiteAtTheMeanAndEveryScaleGoesBack) {
  LoadMatrix m(1, 3);
  m.values = {0.25, 1, 6};
  EXPECT_EQ(HeatColors(HeatScale::Relative, m).color(HeatColors(HeatScale::Relative, m).level(1)),
            qRgb(255, 255, 255));
  for (const auto scale :
       {HeatScale::Linear, HeatScale::Log, HeatScale::Relative, HeatScale::Change}) {
    const HeatColors colors(scale, m);
    for (const double v : {0.25, 1.0, 3.0, 6.0})
      EXPECT_NEAR(colors.valueAt(colors.position(v)), v, 1e-4 * v);
    EXPECT_LE(colors.ticks(6).size(), 12U);
  }
}

TEST(HeatColors, ASteadyScaleHasRoundEndsAndMovesLate) {
  const auto steady = [](HeatScale scale, HeatExtent extent,
                         std::optional<HeatExtent> before = {}) {
    return steady_extent(scale, extent, before);
  };
  EXPECT_EQ(steady(HeatScale::Linear, {0, 1204}), (HeatExtent{0, 2000}));
  EXPECT_EQ(steady(HeatScale::Linear, {0, 2000}), (HeatExtent{0, 2000}));
  EXPECT_EQ(steady(HeatScale::Linear, {0, 600}, HeatExtent{0, 2000}), (HeatExtent{0, 2000}));
  EXPECT_EQ(steady(HeatScale::Linear, {0, 200}, HeatExtent{0, 2000}), (HeatExtent{0, 200}));
  EXPECT_EQ(steady(HeatScale::Log, {3, 70}), (HeatExtent{2, 100}));
  EXPECT_EQ(steady(HeatScale::Log, {6, 70}, HeatExtent{2, 100}), (HeatExtent{2, 100}));
  EXPECT_EQ(steady(HeatScale::Log, {1.5, 70}, HeatExtent{2, 100}), (HeatExtent{1, 100}));
  EXPECT_EQ(steady(HeatScale::Log, {30, 70}, HeatExtent{2, 100}), (HeatExtent{20, 100}));
  EXPECT_EQ(steady(HeatScale::Relative, {0, 3.1}), (HeatExtent{0, 5}));
  EXPECT_EQ(steady(HeatScale::Change, {-0.3, 0.3}), (HeatExtent{-0.5, 0.5}));
  for (const double tick : HeatColors(HeatScale::Linear, HeatExtent{0, 2000}).ticks(8))
    EXPECT_LE(tick, 2000);
  EXPECT_EQ(HeatColors(HeatScale::Linear, HeatExtent{0, 2000}).ticks(8).back(), 2000)
      << "the end is labelled";
}

}  // namespace
}  // namespace moescope
