// The overlap ribbon against a plain count of every nanosecond.
#include <gmock/gmock.h>

#include <random>

#include "views/timeline/lanes/ribbon.h"

namespace moescope {
namespace {

IntervalSet random_set(std::mt19937& random, int count, TimeNs end) {
  std::vector<TimeRange> ranges;
  for (int i = 0; i < count; ++i) {
    const TimeNs at = std::uniform_int_distribution<TimeNs>(0, end)(random);
    ranges.push_back({at, at + std::uniform_int_distribution<TimeNs>(1, 40)(random)});
  }
  return IntervalSet::union_of(std::move(ranges));
}

std::vector<bool> plain(const IntervalSet& set, TimeNs end) {
  std::vector<bool> covered(static_cast<std::size_t>(end));
  for (const auto& range : set.intervals())
    for (TimeNs t = range.begin; t < std::min(range.end, end); ++t)
      covered[static_cast<std::size_t>(t)] = true;
  return covered;
}

class RibbonColumns : public testing::TestWithParam<std::tuple<TimeRange, int>> {};

TEST_P(RibbonColumns, areTheSharesOfEveryNanosecond) {
  const auto [range, width] = GetParam();
  std::mt19937 random(7);
  constexpr TimeNs kEnd = 12000;
  DeviceActivity activity;
  activity.compute = random_set(random, 150, kEnd - 50);
  activity.comm = random_set(random, 90, kEnd - 50);
  const Ribbon ribbon(activity);
  const auto compute = plain(activity.compute, kEnd), comm = plain(activity.comm, kEnd);
  std::vector<RibbonShares> shares;
  const PixelMap map(range, width);
  ribbon.columns(map, shares);
  ASSERT_EQ(shares.size(), static_cast<std::size_t>(width));
  for (int column = 0; column < width; ++column) {
    const TimeNs from = column == 0 ? range.begin : map.edge(column);
    const TimeNs to = column + 1 == width ? range.end : map.edge(column + 1);
    double only = 0, both = 0, exposed = 0;
    for (TimeNs t = from; t < to; ++t) {
      const bool a = t < kEnd && compute[static_cast<std::size_t>(t)];
      const bool b = t < kEnd && comm[static_cast<std::size_t>(t)];
      only += a && !b;
      both += a && b;
      exposed += b && !a;
    }
    const auto length = static_cast<double>(std::max<TimeNs>(to - from, 1));
    const auto& share = shares[static_cast<std::size_t>(column)];
    if (to <= from) continue;
    EXPECT_NEAR(static_cast<double>(share.compute), only / length, 1e-5) << column;
    EXPECT_NEAR(static_cast<double>(share.both), both / length, 1e-5) << column;
    EXPECT_NEAR(static_cast<double>(share.exposed), exposed / length, 1e-5) << column;
  }
}

INSTANTIATE_TEST_SUITE_P(Timeline, RibbonColumns,
                         testing::Combine(testing::Values(TimeRange{0, 12000}, TimeRange{777, 5003},
                                                          TimeRange{6000, 6100},
                                                          TimeRange{11900, 20000}),
                                          testing::Values(1, 7, 640)));

TEST(Ribbon, describesTheStateAndItsStretch) {
  DeviceActivity activity;
  activity.compute = IntervalSet::union_of({{0, 600}, {700, 800}});
  activity.comm = IntervalSet::union_of({{400, 650}});
  const Ribbon ribbon(activity);
  EXPECT_EQ(ribbon.at(100), RibbonState::ComputeOnly);
  EXPECT_EQ(ribbon.at(400), RibbonState::Both);
  EXPECT_EQ(ribbon.at(600), RibbonState::Exposed);
  EXPECT_EQ(ribbon.at(650), RibbonState::Idle);
  EXPECT_EQ(ribbon.stretch(100), (TimeRange{0, 400}));
  EXPECT_EQ(ribbon.stretch(620), (TimeRange{600, 650}));
  EXPECT_EQ(ribbon.stretch(660), (TimeRange{650, 700}));
  EXPECT_EQ(ribbon.stretch(-5).end, 0);
  EXPECT_EQ(ribbon.stretch(900).begin, 800);
}

TEST(Ribbon, ofADeviceWithoutWorkIsEmpty) {
  const DeviceActivity activity;
  const Ribbon ribbon(activity);
  EXPECT_TRUE(ribbon.empty());
  EXPECT_EQ(ribbon.at(5), RibbonState::Idle);
  std::vector<RibbonShares> shares;
  ribbon.columns(PixelMap({0, 100}, 10), shares);
  EXPECT_EQ(shares.size(), 10U);
  EXPECT_EQ(shares[3].exposed, 0);
}

}  // namespace
}  // namespace moescope
