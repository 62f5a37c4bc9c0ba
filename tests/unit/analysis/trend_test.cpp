// Figures over time.
#include "core/analysis/headline/trend.h"

#include <gmock/gmock.h>

#include <cmath>

namespace moescope {
namespace {

using testing::ElementsAre;

TEST(Trend, WindowsCoverTheRangeOnce) {
  EXPECT_THAT(trend_windows({10, 20}, 3),
              ElementsAre(TimeRange{10, 14}, TimeRange{14, 18}, TimeRange{18, 20}));
  EXPECT_THAT(trend_windows({0, 2}, 5), ElementsAre(TimeRange{0, 1}, TimeRange{1, 2}));
  EXPECT_TRUE(trend_windows({5, 5}, 4).empty());
  EXPECT_TRUE(trend_windows({0, 10}, 0).empty());
  constexpr TimeNs kFar = std::numeric_limits<TimeNs>::max();
  const auto far = trend_windows({kFar - 10, kFar}, 4);
  EXPECT_EQ(far.back().end, kFar);
}

TEST(Trend, ExposedCommunicationSumsOverDevices) {
  DeviceActivity one{{0, 0}, {}, {}, {}, {}}, two{{1, 0}, {}, {}, {}, {}};
  one.comm = IntervalSet::union_of({{0, 60}});
  one.compute = IntervalSet::union_of({{40, 100}});
  two.comm = IntervalSet::union_of({{80, 100}});
  const Trend trend = exposed_trend({one, two}, trend_windows({0, 100}, 2));
  EXPECT_THAT(trend.values, ElementsAre(40, 20));
  EXPECT_EQ(trend.window, 50);
}

TEST(Trend, MedianOfWhatLiesInAWindowAndNothingElsewhere) {
  const Trend trend =
      median_trend({{0, 5}, {10, 1}, {49, 3}, {100, 7}, {199, 9}}, trend_windows({0, 200}, 4));
  ASSERT_EQ(trend.values.size(), 4U);
  EXPECT_EQ(trend.values[0], 3);
  EXPECT_TRUE(std::isnan(trend.values[1]));
  EXPECT_EQ(trend.values[2], 7);
  EXPECT_EQ(trend.values[3], 9);
}

}  // namespace
}  // namespace moescope
