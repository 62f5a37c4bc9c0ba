// Which ranks come first, and which are alike.
#include "core/analysis/overlap/rank_order.h"

#include <gmock/gmock.h>

#include "core/trace/sink.h"

namespace moescope {
namespace {

using testing::ElementsAre;

/// Processes in the order 7, 2, none; the process of rank 7 has two devices.
TracePtr three_ranks() {
  TraceBuilder builder;
  builder.add_process({.label = "rank 7", .pid = "1", .rank = 7});
  builder.add_process({.label = "rank 2", .pid = "2", .rank = 2});
  builder.add_process({.label = "other", .pid = "3", .rank = {}});
  return builder.snapshot();
}

DeviceOverlap device(ProcessId process, int index, TimeNs span, TimeNs compute, TimeNs exposed) {
  DeviceOverlap result;
  result.key = {process, index};
  result.figures.span = span;
  result.figures.compute = compute;
  result.figures.exposed = exposed;
  return result;
}

std::vector<int> numbers(const std::vector<RankFigures>& ranks) {
  std::vector<int> result;
  for (const auto& rank : ranks) result.push_back(rank.rank.value_or(-1));
  return result;
}

TEST(RankOrder, SumsTheDevicesOfARankAndOrdersByNumber) {
  const auto ranks = rank_figures(*three_ranks(), {},
                                  {device(0, 0, 100, 50, 3), device(0, 1, 90, 40, 9),
                                   device(1, 0, 100, 60, 5), device(2, 0, 10, 1, 1)},
                                  {});
  ASSERT_THAT(numbers(ranks), ElementsAre(2, 7, -1));
  EXPECT_EQ(ranks[1].compute, 90);
  EXPECT_EQ(ranks[1].exposed, 12);
  EXPECT_EQ(ranks[1].span, 100);
  EXPECT_EQ(ranks[1].most_exposed, (DeviceKey{0, 1}));
}

TEST(RankOrder, TheWorstComesFirstAndEqualsKeepTheirPlaces) {
  auto ranks = rank_figures(
      *three_ranks(), {},
      {device(0, 0, 100, 50, 3), device(1, 0, 100, 60, 3), device(2, 0, 100, 99, 1)}, {});
  sort_ranks(ranks, RankOrder::Exposed);
  EXPECT_THAT(numbers(ranks), ElementsAre(2, 7, -1));
  sort_ranks(ranks, RankOrder::Compute);
  EXPECT_THAT(numbers(ranks), ElementsAre(-1, 2, 7));
  sort_ranks(ranks, RankOrder::Number);
  EXPECT_THAT(numbers(ranks), ElementsAre(2, 7, -1));
}

TEST(RankOrder, AWindowCountsWhatLiesInIt) {
  DeviceActivity early{{0, 0}, {}, {}, {}, {}}, late{{1, 0}, {}, {}, {}, {}};
  early.compute = IntervalSet::union_of({{0, 90}});
  late.compute = IntervalSet::union_of({{50, 100}});
  const auto ranks =
      rank_figures(*three_ranks(), {early, late},
                   {device(0, 0, 100, 90, 0), device(1, 0, 100, 50, 0)}, TimeRange{60, 100});
  ASSERT_THAT(numbers(ranks), ElementsAre(2, 7));
  EXPECT_EQ(ranks[0].compute, 40);
  EXPECT_EQ(ranks[1].compute, 30);
}

TEST(RankOrder, RanksAreAlikeWithinTheLimitOfBothFigures) {
  std::vector<RankFigures> ranks(5);
  const TimeNs compute[] = {500, 509, 500, 511, 505}, exposed[] = {100, 100, 120, 100, 105};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i].span = 1000;
    ranks[i].compute = compute[i];
    ranks[i].exposed = exposed[i];
  }
  // 1 % of 1000 ns: the third has another exposed time, the fourth computes 11 ns longer.
  EXPECT_THAT(alike_ranks(ranks, 1),
              ElementsAre(ElementsAre(0U, 1U, 4U), ElementsAre(2U), ElementsAre(3U)));
  EXPECT_THAT(alike_ranks(ranks, 2), ElementsAre(ElementsAre(0U, 1U, 2U, 3U, 4U)));
  EXPECT_TRUE(alike_ranks({}, 1).empty());
}

}  // namespace
}  // namespace moescope
