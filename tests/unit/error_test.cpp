// What an Error says in the window and on the command line.
#include "core/error.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

TEST(ErrorText, SaysWhatWhereAndWhatToDo) {
  EXPECT_STREQ(Error("a.json", "byte 4", "is cut off", "Copy it again").what(),
               "a.json, byte 4: is cut off. Copy it again");
  EXPECT_STREQ(Error("", "", "is cut off").what(), "is cut off");
}

TEST(ErrorText, OnlyTheCommandLineShowsOptions) {
  const Error error("", "GPUs", "3 GPUs do not divide over 2 nodes", "Choose a multiple", "--gpus");
  EXPECT_STREQ(error.what(), "GPUs: 3 GPUs do not divide over 2 nodes. Choose a multiple");
  EXPECT_EQ(error.command_line_text(), std::string(error.what()) + " (--gpus)");
  EXPECT_EQ(Error("a", "", "b").command_line_text(), "a: b");
}

}  // namespace
}  // namespace moescope
