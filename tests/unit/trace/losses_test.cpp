#include "core/trace/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moescope {
namespace {

using testing::ElementsAre;

Loss spans(TimeNs begin, TimeNs end, std::uint64_t count) {
  return {LossKind::DroppedSpans, ProcessId{1}, TrackId{2}, {begin, end}, count, "full"};
}

TEST(Losses, EveryKindHasAWordThatLeadsBack) {
  for (int kind = 0; kind < kLossKindCount; ++kind)
    EXPECT_EQ(loss_kind(to_string(static_cast<LossKind>(kind))), static_cast<LossKind>(kind));
  EXPECT_EQ(loss_kind("nonsense"), std::nullopt);
}

TEST(Losses, OneThatFollowsCloselyExtendsTheOneBefore) {
  LossList list;
  EXPECT_EQ(list.add(spans(0, 10, 1)), 0U);
  EXPECT_EQ(list.add(spans(10 + LossList::kJoined, 11 + LossList::kJoined, 2)), 0U);
  EXPECT_EQ(list.add(spans(12 + 2 * LossList::kJoined, 13 + 2 * LossList::kJoined, 4)), 1U);
  EXPECT_THAT(list.all(),
              ElementsAre(spans(0, 11 + LossList::kJoined, 3),
                          spans(12 + 2 * LossList::kJoined, 13 + 2 * LossList::kJoined, 4)));
}

TEST(Losses, OtherPlacesKindsAndReasonsAreKeptApart) {
  LossList list;
  Loss other_track = spans(0, 10, 1), other_kind = other_track, other_reason = other_track;
  other_track.track = 3;
  other_kind.kind = LossKind::DroppedSmRecords;
  other_reason.reason = "slow";
  for (const Loss& loss : {spans(0, 10, 1), other_track, other_kind, other_reason}) list.add(loss);
  EXPECT_EQ(list.all().size(), 4U);
}

TEST(Losses, ASumWithAnUnknownPartIsUnknown) {
  LossList list;
  Loss unknown = spans(5, 6, 0);
  unknown.count.reset();
  list.add(spans(0, 10, 1));
  list.add(unknown);
  EXPECT_EQ(list.all()[0].count, std::nullopt);
}

TEST(Losses, NoneIsForgottenWhenThereAreMany) {
  LossList list(4);
  for (TimeNs at = 0; at < 100; ++at)
    list.add(spans(at * 1'000'000'000, at * 1'000'000'000 + 1, 1));
  ASSERT_EQ(list.all().size(), 4U);
  std::uint64_t sum = 0;
  for (const Loss& loss : list.all()) sum += *loss.count;
  EXPECT_EQ(sum, 100U);
  EXPECT_EQ(list.all().back().when.end, 99'000'000'001);
}

}  // namespace
}  // namespace moescope
