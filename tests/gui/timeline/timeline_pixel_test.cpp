// Which pixel a time falls on: first and last pixel, edges, and times at the ends of int64.
#include <gmock/gmock.h>

#include <limits>

#include "views/common/units.h"
#include "views/plot/axis/pixel_map.h"
#include "views/plot/axis/time_ticks.h"

namespace moescope {
namespace {

constexpr TimeNs kMin = std::numeric_limits<TimeNs>::min();
constexpr TimeNs kMax = std::numeric_limits<TimeNs>::max();

struct ColumnsCase {
  const char* name;
  TimeRange range;
  int width;
  TimeNs start, end;
  PixelRun expected;
};
void PrintTo(const ColumnsCase& c, std::ostream* out) {
  *out << c.name;
}

class Columns : public testing::TestWithParam<ColumnsCase> {};

TEST_P(Columns, ofASpan) {
  const auto& c = GetParam();
  EXPECT_EQ(PixelMap(c.range, c.width).columns(c.start, c.end), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Pixel, Columns,
    testing::Values(
        ColumnsCase{"first pixel exactly", {0, 1000}, 100, 0, 10, {0, 1}},
        ColumnsCase{"last pixel exactly", {0, 1000}, 100, 990, 1000, {99, 100}},
        ColumnsCase{"one nanosecond over an edge takes both", {0, 1000}, 100, 5, 11, {0, 2}},
        ColumnsCase{"no length on the first time", {0, 1000}, 100, 0, 0, {0, 1}},
        ColumnsCase{"no length on the last time shown", {0, 1000}, 100, 999, 999, {99, 100}},
        ColumnsCase{"starts where the range ends", {0, 1000}, 100, 1000, 1010, {0, 0}},
        ColumnsCase{"ends where the range begins", {100, 1000}, 90, 0, 100, {0, 0}},
        ColumnsCase{"no length where the range begins", {100, 1000}, 90, 100, 100, {0, 1}},
        ColumnsCase{"covers everything", {100, 200}, 50, 0, 1000, {0, 50}},
        ColumnsCase{"more pixels than nanoseconds", {0, 10}, 100, 3, 4, {30, 40}},
        ColumnsCase{"int64 edges", {kMin, kMax}, 10, kMin, kMax, {0, 10}},
        ColumnsCase{"span of all time in a small range", {0, 100}, 10, kMin, kMax, {0, 10}},
        ColumnsCase{"range at the upper edge", {kMax - 100, kMax}, 10, kMax - 10, kMax, {9, 10}},
        ColumnsCase{"range at the lower edge", {kMin, kMin + 100}, 10, kMin, kMin + 10, {0, 1}}));

class Edges : public testing::TestWithParam<std::tuple<TimeRange, int>> {};

TEST_P(Edges, areTheFirstTimesOfTheirColumns) {
  const auto [range, width] = GetParam();
  const PixelMap map(range, width);
  for (int column = 1; column < width; column += std::max(1, width / 97)) {
    const TimeNs edge = map.edge(column);
    EXPECT_GE(map.x(edge), column);
    if (edge > range.begin) {
      EXPECT_LT(map.x(edge - 1), column);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pixel, Edges,
                         testing::Combine(testing::Values(TimeRange{0, 1000}, TimeRange{7, 1000003},
                                                          TimeRange{0, 50},
                                                          TimeRange{123456789, 987654321987}),
                                          testing::Values(1, 3, 1000, 1920, 3840)));

TEST(PixelMap, emptyRangeAndNoWidthAreSafe) {
  const PixelMap map({5, 5}, 0);
  EXPECT_EQ(map.width(), 1);
  EXPECT_EQ(map.range(), (TimeRange{5, 6}));
  EXPECT_EQ(PixelMap({kMax, kMax}, 10).range(), (TimeRange{kMax - 1, kMax}));
}

TEST(PixelMap, timesSaturateInsteadOfOverflowing) {
  const PixelMap map({0, kMax}, 10);
  EXPECT_GT(map.time(1e9), kMax - 2048);  // the nearest double below
  EXPECT_LT(PixelMap({kMin, 0}, 10).time(-1e9), kMin + 2048);
  EXPECT_EQ(PixelMap::difference(kMax, kMin), kMax);
  EXPECT_EQ(PixelMap::difference(kMin, kMax), kMin);
  EXPECT_EQ(PixelMap::difference(5, 7), -2);
}

TEST(PixelMap, timeOfAColumnGoesBackToIt) {
  const PixelMap map({1000, 918273}, 1920);
  for (int column = 0; column < 1920; ++column)
    EXPECT_EQ(static_cast<int>(map.x(map.edge(column))), column);
}

struct TickCase {
  TimeRange range;
  int width;
  const char *unit, *first, *second;
};
class Ticks : public testing::TestWithParam<TickCase> {};

TEST_P(Ticks, areRoundAndFarEnoughApart) {
  const auto& c = GetParam();
  const TimeTicks ticks = time_ticks(c.range, c.width, 100);
  ASSERT_GE(ticks.ticks.size(), 2U);
  EXPECT_STREQ(ticks.unit.symbol, c.unit);
  EXPECT_EQ(ticks.ticks[0].label.toStdString(), c.first);
  EXPECT_EQ(ticks.ticks[1].label.toStdString(), c.second);
  const PixelMap map(c.range, c.width);
  EXPECT_GE(map.x(ticks.ticks[1].time) - map.x(ticks.ticks[0].time), 99);
  for (const auto& tick : ticks.ticks) {
    EXPECT_GE(tick.time, c.range.begin);
    EXPECT_LE(tick.time, c.range.end);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Axis, Ticks,
    testing::Values(TickCase{{0, 1'000'000'000}, 1000, "s", "0.0", "0.1"},
                    TickCase{{0, 128'000'000}, 1280, "ms", "0", "10"},
                    TickCase{{1'234'567, 1'244'567}, 1000, "ms", "1.235", "1.236"},
                    TickCase{{160'880'000'000, 160'890'000'000}, 1000, "s", "160.880", "160.881"},
                    TickCase{{100, 150}, 500, "ns", "100", "110"}));

TEST(Ticks, labelsDoNotTouchHoweverCloseTheTicks) {
  const TimeRange range{160'880'000'000, 160'880'000'500};
  const TimeTicks ticks = time_ticks(range, 1000, 60);
  ASSERT_GE(ticks.ticks.size(), 2U);
  const PixelMap map(range, 1000);
  EXPECT_GE(map.x(ticks.ticks[1].time) - map.x(ticks.ticks[0].time),
            6.5 * static_cast<double>(ticks.ticks[0].label.size()));
}

TEST(Positions, axisRangeAndListAgreeOnUnitAndDigits) {
  const TimeRange range{114'058'000, 128'600'000};
  EXPECT_EQ(format_range(range), QString::fromUtf8("114.06 – 128.60 ms (14.5 ms)"));
  EXPECT_STREQ(time_ticks(range, 1000, 80).unit.symbol, "ms");
  EXPECT_EQ(format_position(114'058'000, 1000), "114.058 ms");
  EXPECT_EQ(format_position(160'880'000'001, 1), "160.880000001 s");
  EXPECT_EQ(format_position(0, 1000, position_unit(62'600'000'000)), "0.000000 s");
  EXPECT_EQ(format_position(999'999'999, 1e6, {"s", 1'000'000'000}), "1.000 s");
  EXPECT_EQ(format_position(-500, 1, {"µs", 1000}), QString::fromUtf8("-0.500 µs"));
  EXPECT_EQ(format_position(9'223'372'036'854'775'807, 1), "9,223,372,036.854775807 s");
  EXPECT_EQ(format_time(999'700), QString::fromUtf8("1.00 ms")) << "no 1,000 µs";
}

TEST(Ticks, atTheEndOfTimeStop) {
  const TimeTicks ticks = time_ticks({kMax - 1000, kMax}, 1000, 100);
  EXPECT_GE(ticks.ticks.size(), 2U);
  EXPECT_TRUE(time_ticks({5, 5}, 100, 100).ticks.empty());
}

}  // namespace
}  // namespace moescope
