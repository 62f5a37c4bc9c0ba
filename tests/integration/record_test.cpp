// moescope record and what the other commands make of the recording.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Record, TheRecordingIsAnalysedLikeAnyTrace) {
  const test::TempFolder folder;
  const std::string file = (folder / "run.moetrace").string();
  const auto recorded = run_moescope({"record", "--ranks", "4", "--nodes", "1", "--steps", "12",
                                      "--workload", "rate=500,output=2:6", "-o", file, "--json"});
  ASSERT_EQ(recorded.exit_code, 0) << recorded.err;
  const json summary = json::parse(recorded.out);
  EXPECT_EQ(summary["schema"], 1);
  EXPECT_EQ(summary["dropped"], 0);
  EXPECT_GE(summary["prefill_steps"].get<int>() + summary["decode_steps"].get<int>(), 12);
  const auto analyzed = run_moescope({"analyze", file, "--json"});
  ASSERT_EQ(analyzed.exit_code, 0) << analyzed.err;
  const json analysis = json::parse(analyzed.out);
  ASSERT_EQ(analysis["devices"].size(), 4U);
  for (const auto& device : analysis["devices"]) {
    EXPECT_GT(device["comm_ns"], 0);
    EXPECT_GT(device["compute_ns"], 0);
    EXPECT_FALSE(device["overlap_pct"].is_null());
    EXPECT_EQ(device["sm"]["method"], "recorded");
  }
}

TEST(Record, SharedAttentionIsRecordedAndItsCollectivesCountAsCommunication) {
  const test::TempFolder folder;
  const std::string file = (folder / "run.moetrace").string();
  const auto recorded =
      run_moescope({"record", "--ranks", "8", "--nodes", "1", "--tp", "4", "--steps", "8",
                    "--workload", "rate=500,output=2:6", "-o", file, "--json"});
  ASSERT_EQ(recorded.exit_code, 0) << recorded.err;
  const json bytes = json::parse(recorded.out)["bytes"];
  EXPECT_GT(bytes["all_gather"]["nvlink"], 0);
  EXPECT_EQ(bytes["reduce_scatter"]["nvlink"], bytes["all_gather"]["nvlink"]);
  EXPECT_EQ(bytes["all_gather"]["ib"], 0);
  const auto info = run_moescope({"info", file, "--json"});
  EXPECT_THAT(info.out, HasSubstr("TP4 with sequence parallelism x DP1"));
  const auto across =
      run_moescope({"record", "--ranks", "8", "--nodes", "2", "--tp", "4", "-o", file});
  EXPECT_EQ(across.exit_code, 1);
  EXPECT_THAT(across.err, HasSubstr("across nodes"));
}

TEST(Record, KernelsServeOnTheEmulatedBackend) {
  const test::TempFolder folder;
  const std::string file = (folder / "run.moetrace").string();
  const auto recorded =
      run_moescope({"record", "--backend", "emulated", "--ranks", "4", "--steps", "3", "--workload",
                    "rate=20,prompt=2:4,output=1:3", "-o", file, "--json"});
  ASSERT_EQ(recorded.exit_code, 0) << recorded.err;
  EXPECT_GT(json::parse(recorded.out)["bytes"]["combine"]["ib"], 0);
  const auto info = run_moescope({"info", file, "--json"});
  EXPECT_THAT(info.out, AllOf(HasSubstr("kernels on an emulated GPU"), HasSubstr("emulated GPU")));
  const auto refused = run_moescope(
      {"record", "--backend", "emulated", "--active-slots", "4", "--steps", "1", "-o", file});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("--active-slots"), HasSubstr("use --backend cpu")));
}

TEST(Record, UnhappyPathsNameWhatIsWrong) {
  const test::TempFolder folder;
  const std::string file = (folder / "run.moetrace").string();
  const auto odd = run_moescope({"record", "--ranks", "5", "-o", file});
  EXPECT_EQ(odd.exit_code, 1);
  EXPECT_THAT(odd.err, HasSubstr("5 ranks"));
  const auto model = run_moescope({"record", "--model", (folder / "none").string(), "-o", file});
  EXPECT_EQ(model.exit_code, 1);
  EXPECT_THAT(model.err, HasSubstr("config.json"));
  const auto no_gpu = run_moescope({"record", "--gpus", "0", "-o", file});
  EXPECT_EQ(no_gpu.exit_code, 1);
  EXPECT_THAT(no_gpu.err, HasSubstr("--backend cpu uses no GPU"));
  const auto several = run_moescope({"record", "--backend", "cuda", "--gpus", "0,1", "-o", file});
  EXPECT_EQ(several.exit_code, 1);
  EXPECT_THAT(several.err, HasSubstr("ranks on several GPUs are untested"));
  const auto backend = run_moescope({"record", "--backend", "abacus", "-o", file});
  EXPECT_EQ(backend.exit_code, 1);
  EXPECT_THAT(backend.err, AllOf(HasSubstr("--backend"), HasSubstr("use cpu, emulated or cuda")));
  const auto place = run_moescope({"record", "--steps", "1", "-o", "/nonexistent/run.moetrace"});
  EXPECT_EQ(place.exit_code, 1);
  EXPECT_THAT(place.err, HasSubstr("/nonexistent/run.moetrace"));
  EXPECT_EQ(run_moescope({"record"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"record", "--steps", "-3", "-o", file}).exit_code, 2);
}

}  // namespace
}  // namespace moescope
