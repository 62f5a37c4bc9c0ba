// Ranks that hang, in words.
#include "core/cluster/wire/hung_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moescope {
namespace {

using ::testing::ElementsAre;

TEST(HungText, RanksOfOneProcessStandInOneLineAndOthersApart) {
  constexpr HangReason stopped = HangReason::Stopped, blocked = HangReason::Blocked;
  EXPECT_THAT(hung_lines({{1, 40, "a", 7.2, blocked},
                          {2, 41, "a", 4.9, stopped},
                          {3, 41, "a", 4.9, stopped},
                          {5, 40, "a", 3.1, blocked},
                          {6, 41, "b", 4.9, stopped}}),
              ElementsAre("rank 1: it is blocked inside a step, for 7 s (process 40 on a)",
                          "ranks 2, 3: its process is stopped, for 4 s (process 41 on a)",
                          "rank 5: it is blocked inside a step, for 3 s (process 40 on a)",
                          "rank 6: its process is stopped, for 4 s (process 41 on b)"));
  EXPECT_TRUE(hung_lines({}).empty());
}

}  // namespace
}  // namespace moescope
