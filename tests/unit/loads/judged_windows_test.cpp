// Which windows judge a plan, and how that is said.
#include "core/loads/judged_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moescope {
namespace {

TEST(JudgedWindows, APlanIsMadeFromTheEarlierThreeQuarters) {
  EXPECT_EQ(windows_to_make_from(0), 0);
  EXPECT_EQ(windows_to_make_from(1), 1);
  EXPECT_EQ(windows_to_make_from(2), 1);
  EXPECT_EQ(windows_to_make_from(3), 2);
  EXPECT_EQ(windows_to_make_from(8), 6);
  EXPECT_EQ(windows_to_make_from(100), 75);
}

TEST(JudgedWindows, TheTextSaysWhatMadeAndWhatJudges) {
  EXPECT_EQ(judgement_text(0, 8, 8, std::pair(0, 6)),
            "made from windows 0 to 5, judged on windows 6 to 7");
  EXPECT_EQ(judgement_text(0, 2, 2, std::pair(0, 1)), "made from window 0, judged on window 1");
  EXPECT_EQ(judgement_text(0, 8, 8, std::pair(2, 8)),
            "made from windows 2 to 7, judged on windows 0 to 1");
  EXPECT_EQ(judgement_text(0, 8, 8, std::pair(0, 8)),
            "judged on all 8 windows, which it was made from");
  EXPECT_EQ(judgement_text(0, 1, 1, std::pair(0, 1)),
            "judged on the only window, which it was made from");
  EXPECT_EQ(judgement_text(0, 8, 8, std::pair(0, 0)),
            "judged on all 8 windows, which it was not made from");
  EXPECT_EQ(judgement_text(0, 8, 8, std::nullopt),
            "judged on all 8 windows; what it was made from is not known");
}

TEST(JudgedWindows, NumbersAreThoseOfTheLoads) {
  EXPECT_EQ(judgement_text(4, 8, 20, std::pair(0, 3)),
            "made from windows 4 to 6, judged on window 7");
}

}  // namespace
}  // namespace moescope
