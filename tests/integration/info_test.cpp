// `moescope info`: what a trace holds, as text and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/nsys_file.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

class Info : public testing::Test {
 protected:
  std::string file(const std::string& name) {
    auto statements = test::nsys_base({"ncclDevKernel_AllReduce", "gemm"});
    for (int i = 0; i < 5; ++i) {
      const long long at = 1000 + i * (100 + 7 * i);
      statements.push_back(test::insert_kernel({at, at + 50, 100, 0, 7, i + 1}));
    }
    statements.push_back(test::insert_kernel({2000, 1000, 100, 0, 7, 9}));
    test::write_database(dir_ / name, statements);
    return (dir_ / name).string();
  }
  test::TempFolder dir_;
};

TEST_F(Info, JsonHasEveryFieldOfTheContract) {
  const auto result = run_moescope({"info", file("rank4.sqlite"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json info = json::parse(result.out);
  EXPECT_EQ(info["schema"], 1);
  EXPECT_EQ(info["format"], "nsys");
  EXPECT_TRUE(info["producer"].is_null());
  EXPECT_EQ(info["ranks"][0]["rank"], 4);
  EXPECT_EQ(info["devices"][0]["device"], 0);
  EXPECT_TRUE(info["devices"][0]["sm_count"].is_null());
  EXPECT_EQ(info["spans"], 5);
  EXPECT_EQ(info["spans_by_kind"]["kernel"], 5);
  EXPECT_EQ(info["events"], 6);
  EXPECT_EQ(info["time_range"]["begin_ns"], 0);
  EXPECT_EQ(info["time_range"]["end_ns"], 4 * 128 + 50);
  EXPECT_EQ(info["skipped"][0]["reason"], "ends before it starts");
  EXPECT_EQ(info["skipped"][0]["count"], 1);
  EXPECT_TRUE(info["alignments"].empty());
}

TEST_F(Info, SeveralFilesTellHowTheirClocksWereAligned) {
  const auto result = run_moescope({"info", file("rank0.sqlite"), file("rank1.sqlite"), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json info = json::parse(result.out);
  ASSERT_EQ(info["alignments"].size(), 2U);
  EXPECT_EQ(info["alignments"][1]["matched_collectives"], 5);
  EXPECT_EQ(info["alignments"][1]["residual_ns"], 0);
  EXPECT_EQ(info["ranks"].size(), 2U);
}

TEST_F(Info, TextIsForPeople) {
  const auto result = run_moescope({"info", file("a.sqlite")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("skipped    1 events: ends before it starts"));
}

TEST_F(Info, AMissingFileFailsWithItsName) {
  const auto result = run_moescope({"info", (dir_ / "gone.sqlite").string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("gone.sqlite"));
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace moescope
