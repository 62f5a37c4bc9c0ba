// What the streams and the ranks of a step wait for: StageBoard and CountBoard.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "gpu/engine/rank/count_board.h"
#include "gpu/engine/rank/stage_board.h"

namespace moescope::runtime {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

/// The other thread is given time to do what it must not do.
constexpr milliseconds kAWhile{20};

Item item(int micro_batch, int needs, int reaches, int turn = -1) {
  return {Part::Attend, 0, micro_batch, needs, reaches, turn};
}

TEST(StageBoard, AnItemBeginsWhenItsOwnMicroBatchIsThere) {
  StageBoard board;
  board.reset();
  const std::int64_t before = steady_now();
  board.reached(item(0, 0, 1));
  EXPECT_GE(board.wait_for(item(0, 1, 2)), before);
  auto other = std::async(std::launch::async, [&] { return board.wait_for(item(1, 1, 2)); });
  EXPECT_EQ(other.wait_for(kAWhile), std::future_status::timeout)
      << "the other micro-batch has done nothing yet";
  board.reached(item(1, 0, 1));
  EXPECT_GE(other.get(), before);
}

TEST(StageBoard, ReturnsSinceWhenAnItemCouldBeginNotWhenItWasAskedFor) {
  StageBoard board;
  board.reset();
  board.reached(item(0, 0, 1));
  const std::int64_t reached = steady_now();
  std::this_thread::sleep_for(kAWhile);
  EXPECT_LE(board.wait_for(item(0, 1, 2)), reached);
}

TEST(StageBoard, SerialItemsTakeTurnsThoughTheirStageIsReached) {
  StageBoard board;
  board.reset();
  board.reached(item(0, 0, 1));
  board.reached(item(1, 0, 1));
  auto second = std::async(std::launch::async, [&] { return board.wait_for(item(1, 1, 2, 1)); });
  board.wait_for(item(0, 1, 2, 0));
  board.reached(item(0, 1, 2, 0));
  EXPECT_EQ(second.wait_for(kAWhile), std::future_status::timeout)
      << "the stage is reached, but the item of turn 0 is not done";
  const std::int64_t before = steady_now();
  board.done(item(0, 1, 2, 0));
  EXPECT_GE(second.get(), before) << "it could begin when its turn came";
}

TEST(StageBoard, AnotherStepBeginsAtTheFirstStageAndTurn) {
  StageBoard board;
  board.reset();
  board.reached(item(0, 0, 5, 0));
  board.done(item(0, 0, 5, 0));
  board.reset();
  auto next = std::async(std::launch::async, [&] { return board.wait_for(item(0, 1, 2)); });
  EXPECT_EQ(next.wait_for(kAWhile), std::future_status::timeout);
  board.wait_for(item(0, 0, 1, 0));
  board.reached(item(0, 0, 1, 0));
  next.get();
}

TEST(StageBoard, AnAbortWakesWhoWaitsNowAndLater) {
  StageBoard board;
  board.reset();
  auto waiting = std::async(std::launch::async, [&] { return board.wait_for(item(0, 9, 10)); });
  EXPECT_EQ(waiting.wait_for(kAWhile), std::future_status::timeout);
  board.abort();
  EXPECT_THROW(waiting.get(), Aborted);
  EXPECT_THROW(board.wait_for(item(0, 0, 1)), Aborted);
}

/// Three ranks of a group that does not begin at rank 0, four experts.
struct Counting {
  static constexpr int kExperts = 4;
  Group group{1, 3, 1};
  AddressSpace space{std::vector<int>(4)};
  CountBoard board{space, group, kExperts};

  /// Every member gathers its own counts, in threads of their own.
  std::vector<CountBoard::Counts> gather(const std::vector<std::vector<std::uint32_t>>& own) {
    std::vector<std::future<CountBoard::Counts>> calls;
    for (std::size_t member = 0; member < own.size(); ++member)
      calls.push_back(std::async(std::launch::async, [&, member] {
        return board.gather(static_cast<int>(member), own[member]);
      }));
    std::vector<CountBoard::Counts> counts;
    for (auto& call : calls) counts.push_back(call.get());
    return counts;
  }
};

TEST(CountBoard, EveryMemberGetsTheSumAndWhatLiesBeforeIt) {
  Counting counting;
  const auto counts = counting.gather({{1, 0, 5, 2}, {10, 3, 0, 0}, {100, 0, 0, 7}});
  for (const auto& one : counts) EXPECT_THAT(one.total, ElementsAre(111, 3, 5, 9));
  EXPECT_THAT(counts[0].before, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(counts[1].before, ElementsAre(1, 0, 5, 2));
  EXPECT_THAT(counts[2].before, ElementsAre(11, 3, 5, 2));
}

TEST(CountBoard, TheNextLayerHasNothingOfTheOneBefore) {
  Counting counting;
  counting.gather({{9, 9, 9, 9}, {9, 9, 9, 9}, {9, 9, 9, 9}});
  for (const auto& one : counting.gather({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}))
    EXPECT_THAT(one.total, ElementsAre(1, 1, 1, 0));
}

TEST(CountBoard, WaitsForAMemberThatIsLate) {
  Counting counting;
  const std::vector<std::uint32_t> own(Counting::kExperts, 1);
  const auto gather = [&](int member) {
    return std::async(std::launch::async,
                      [&, member] { return counting.board.gather(member, own).total; });
  };
  auto first = gather(0), second = gather(1);
  EXPECT_EQ(first.wait_for(kAWhile), std::future_status::timeout);
  auto last = gather(2);
  for (auto* call : {&first, &second, &last}) EXPECT_THAT(call->get(), ElementsAre(3, 3, 3, 3));
}

TEST(CountBoard, CountsAreControlTrafficToTheOtherMembers) {
  Counting counting;
  counting.gather({{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}});
  constexpr std::uint64_t kOwnBytes = Counting::kExperts * sizeof(std::uint32_t);
  EXPECT_EQ(counting.space.total_traffic().of(Purpose::Control, Link::NvLink), 3 * 2 * kOwnBytes);
}

}  // namespace
}  // namespace moescope::runtime
