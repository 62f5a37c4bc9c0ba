// Files that are not of one run: every command refuses to merge them silently and names the way on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using test::TempFolder;
using testing::AllOf;
using testing::HasSubstr;

class SeveralRunsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(dir_ / "pair");
    write("before.json", 40);
    write("after.json", 25);
  }
  /// Rank 0 of a run whose all-reduce takes `us`.
  void write(const std::string& name, int us) {
    std::ofstream(path(name)) << fmt::format(
        R"({{"distributedInfo":{{"rank":0,"world_size":2}},"traceEvents":[)"
        R"({{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":8,"ts":0,"dur":10,"args":{{"device":0,"stream":8}}}},)"
        R"({{"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":7,"ts":10,"dur":{},"args":{{"device":0,"stream":7}}}}]}})",
        us);
  }
  std::string path(const std::string& name) const { return (dir_ / "pair" / name).string(); }
  std::string folder() const { return (dir_ / "pair").string(); }
  TempFolder dir_;
};

TEST_F(SeveralRunsTest, EveryCommandRefusesWithTheReasonAndTheChoices) {
  const std::vector<std::vector<std::string>> commands = {
      {"info", path("before.json"), path("after.json")},
      {"info", folder(), "--json"},
      {"analyze", path("before.json"), path("after.json")},
      {"analyze", folder()},
      {"import", folder(), "-o", path("out.moetrace")},
      {"export", folder(), "--chart", "overlap", "-o", path("out.png")},
      {"export", folder(), "--chrome", path("out.json")},
      {"report", folder(), "-o", path("out.html")},
      {"sql", folder(), "SELECT count(*) FROM spans"}};
  for (const auto& command : commands) {
    const auto result = run_moescope(command);
    EXPECT_EQ(result.exit_code, 1) << command.front();
    EXPECT_EQ(result.out, "") << command.front();
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("are not of one run"), HasSubstr("rank 0 is in both"),
                      HasSubstr("--merge"), HasSubstr("--separate"), HasSubstr("compare")))
        << command.front();
  }
  for (const char* name : {"out.moetrace", "out.png", "out.json", "out.html"})
    EXPECT_FALSE(std::filesystem::exists(path(name))) << name;
}

TEST_F(SeveralRunsTest, SeparateAnswersRunByRun) {
  const auto result =
      run_moescope({"analyze", path("before.json"), path("after.json"), "--separate", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["runs"].size(), 2U);
  EXPECT_EQ(document["runs"][0]["files"], json({path("before.json")}));
  EXPECT_EQ(document["runs"][0]["devices"][0]["comm_ns"], 40'000);
  EXPECT_EQ(document["runs"][1]["devices"][0]["comm_ns"], 25'000);
  const auto text = run_moescope({"info", folder(), "--separate"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("run 1: " + path("after.json")),
                              HasSubstr("run 2: " + path("before.json"))));
}

TEST_F(SeveralRunsTest, MergeDoesAndSaysSo) {
  const auto result = run_moescope({"info", folder(), "--merge", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["ranks"].size(), 2U);
  EXPECT_THAT(document["warnings"][0].get<std::string>(),
              AllOf(HasSubstr("merged on request"), HasSubstr("rank 0 is in both")));
  EXPECT_EQ(run_moescope({"sql", folder(), "SELECT 1", "--merge"}).exit_code, 0);
  EXPECT_EQ(run_moescope({"import", folder(), "-o", path("out.moetrace"), "--merge"}).exit_code, 0);
  EXPECT_EQ(run_moescope({"info", folder(), "--merge", "--separate"}).exit_code, 2);
}

TEST_F(SeveralRunsTest, OneRunKeepsItsDocumentInTheList) {
  const auto result = run_moescope({"info", path("before.json"), "--separate", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json::parse(result.out)["runs"].size(), 1U);
}

}  // namespace
}  // namespace moescope
