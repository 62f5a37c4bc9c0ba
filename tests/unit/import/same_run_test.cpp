// Which traces are of one run, at the borders of the rule: see core/import/same_run.h.
#include "core/import/same_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/import/open.h"
#include "tests/support/data.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::TempFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kEpoch = 1'700'000'000'000'000'000;  // ns since 1970
constexpr std::int64_t kSecond = 1'000'000'000;

/// A Kineto file of one process, written by hand.
struct RankFile {
  std::optional<int> rank = 0;
  int world_size = 0;
  std::int64_t epoch = 0;         ///< wall clock of its first event, 0 when it records none
  std::vector<int> gaps_us = {};  ///< from one all-reduce to the next
  std::string kernel = "ncclDevKernel_AllReduce_Sum";
};

const std::vector<int> kSteps = {100, 137, 211, 98, 305, 164, 122, 250};

class SameRun : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const RankFile& file) {
    const auto path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::string events;
    const auto add = [&](std::int64_t us, int duration, const std::string& kernel, int stream) {
      events += fmt::format(
          R"({}{{"ph":"X","cat":"kernel","name":"{}","pid":0,"tid":{},"ts":{},"dur":{},)"
          R"("args":{{"device":0,"stream":{}}}}})",
          events.empty() ? "" : ",", kernel, stream, us, duration, stream);
    };
    add(0, 50, "gemm", 8);
    std::int64_t at = 100;
    for (const int gap : file.gaps_us) add(at += gap, 20, file.kernel, 7);
    std::string head;
    if (file.rank)
      head += fmt::format(R"("distributedInfo":{{"rank":{},"world_size":{}}},)", *file.rank,
                          file.world_size);
    if (file.epoch != 0) head += fmt::format(R"("baseTimeNanoseconds":{},)", file.epoch);
    std::ofstream(path) << "{" << head << "\"traceEvents\":[" << events << "]}";
    return path;
  }
  static TracePtr open(const std::vector<std::filesystem::path>& paths,
                       OtherRuns other = OtherRuns::Refused) {
    Progress progress;
    return open_trace(paths, {}, progress, other);
  }
  /// Why they are not opened as one; "" when they are.
  static std::string refusal(const std::vector<std::filesystem::path>& paths) {
    try {
      open(paths);
    } catch (const SeveralRuns& error) {
      return error.problem();
    }
    return {};
  }
  TempFolder dir_;
};

TEST_F(SameRun, AFolderOfEightRanksIsOneRun) {
  for (int rank = 0; rank < 8; ++rank)
    write(fmt::format("run/rank{}.json", rank), {rank, 8, kEpoch + rank * 1'000'000, kSteps});
  const auto trace = open({dir_ / "run"});
  EXPECT_EQ(trace->processes().size(), 8U);
  EXPECT_EQ(trace->info().alignments[7].matched_collectives, 8);
}

TEST_F(SameRun, TheSameRankTwiceIsNotOneRunHoweverWellTheEndsAgree) {
  const auto before = write("before.json", {0, 8, kEpoch, kSteps});
  const auto after = write("after.json", {0, 8, kEpoch, kSteps});
  EXPECT_THAT(refusal({before, after}),
              AllOf(HasSubstr("before.json and after.json are not of one run"),
                    HasSubstr("rank 0 is in both")));
}

TEST_F(SameRun, ABeforeAndAfterPairOfAllRanksIsTwoRuns) {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"before", "after"})
    for (int rank = 0; rank < 2; ++rank)
      files.push_back(write(fmt::format("{}/rank{}.json", folder, rank),
                            {rank, 2, folder[0] == 'b' ? kEpoch : kEpoch + 300 * kSecond, kSteps}));
  try {
    open({dir_ / "before", dir_ / "after"});
    FAIL() << "merged";
  } catch (const SeveralRuns& error) {
    EXPECT_THAT(error.runs(),
                ElementsAre(ElementsAre(files[0], files[1]), ElementsAre(files[2], files[3])));
    EXPECT_EQ(open(error.runs()[1])->processes().size(), 2U);
  }
}

TEST_F(SameRun, WorldsOfAnotherSizeAreOtherRuns) {
  EXPECT_THAT(
      refusal({write("a.json", {0, 8, kEpoch, kSteps}), write("b.json", {1, 16, kEpoch, kSteps})}),
      HasSubstr("one is of 8 ranks, the other of 16"));
}

TEST_F(SameRun, RanksThatAreNotKnownAreJudgedByTheirTimes) {
  const RankFile unknown{std::nullopt, 0, kEpoch, kSteps};
  EXPECT_EQ(refusal({write("a.json", unknown), write("b.json", unknown)}), "");
  RankFile later = unknown;
  later.epoch = kEpoch + 300 * kSecond;
  EXPECT_THAT(refusal({write("a.json", unknown), write("c.json", later)}),
              HasSubstr("their wall clocks differ by 5 minutes from what their collectives say"));
}

TEST_F(SameRun, EndsThatAgreeAreEnoughWithoutAWallClock) {
  EXPECT_EQ(refusal({write("a.json", {0, 2, 0, kSteps}), write("b.json", {1, 2, 0, kSteps})}), "");
  EXPECT_EQ(refusal({write("a.json", {0, 2, kEpoch, kSteps}), write("b.json", {1, 2, 0, kSteps})}),
            "");
}

TEST_F(SameRun, ClocksMayDifferByAMinuteWhenTheEndsAgree) {
  const auto first = write("a.json", {0, 2, kEpoch, kSteps});
  EXPECT_EQ(refusal({first, write("b.json", {1, 2, kEpoch + kMaxClockError, kSteps})}), "");
  EXPECT_THAT(refusal({first, write("c.json", {1, 2, kEpoch + kMaxClockError + 1000, kSteps})}),
              HasSubstr("60.0 s"));
  EXPECT_THAT(refusal({first, write("d.json", {1, 2, kEpoch - 2 * 31'557'600 * kSecond, kSteps})}),
              HasSubstr("2.0 years"));
}

TEST_F(SameRun, WithoutCommonCollectivesTheWallClocksHaveToMeet) {
  // The first lasts 50 µs.
  const auto first = write("a.json", {0, 2, kEpoch, {}});
  EXPECT_EQ(refusal({first, write("b.json", {1, 2, kEpoch + 20'000, {}})}), "") << "they overlap";
  EXPECT_EQ(refusal({first, write("c.json", {1, 2, kEpoch + 50'000 + kMaxStartError, {}})}), "");
  EXPECT_THAT(refusal({first, write("d.json", {1, 2, kEpoch + 51'000 + kMaxStartError, {}})}),
              AllOf(HasSubstr("no collectives in common"), HasSubstr("1.0 s apart")));
  EXPECT_THAT(refusal({first, write("e.json", {1, 2, kEpoch - 5 * kSecond, {}})}),
              HasSubstr("5.0 s apart"));
}

TEST_F(SameRun, WithoutCollectivesAndClocksThereIsNothingToGoBy) {
  EXPECT_THAT(refusal({write("a.json", {0, 2, kEpoch, {}}), write("b.json", {1, 2, 0, {}})}),
              HasSubstr("no collectives in common and they do not both record a wall clock"));
  EXPECT_THAT(refusal({write("a.json", {0, 2, 0, kSteps}),
                       write("b.json", {1, 2, 0, kSteps, "ncclDevKernel_AllGather"})}),
              HasSubstr("no collectives in common"));
}

TEST_F(SameRun, EndsThatDoNotAgreeAreNotOneRunUnlessTheClocksMeet) {
  std::vector<int> steady(55, 100), slower;
  for (int i = 0; i < 55; ++i) slower.push_back(100 + 977 * (i * i % 31));
  const auto before = write("before.json", {0, 2, kEpoch, steady});
  const auto days = static_cast<std::int64_t>(8.5 * 86400) * kSecond;
  EXPECT_THAT(refusal({before, write("after.json", {1, 2, kEpoch + days, slower})}),
              AllOf(HasSubstr("the ends of their 55 common collectives do not agree"),
                    HasSubstr("8.5 days apart")));
  EXPECT_EQ(refusal({before, write("peer.json", {1, 2, kEpoch + 2'000, slower})}), "");
}

TEST_F(SameRun, MergedOnRequestSaysThatTheyAreSeveral) {
  const auto trace =
      open({write("a.json", {0, 2, 0, {}}), write("b.json", {0, 2, 0, {}})}, OtherRuns::Merged);
  EXPECT_EQ(trace->processes().size(), 2U);
  ASSERT_FALSE(trace->info().warnings.empty());
  EXPECT_THAT(trace->info().warnings.front(),
              AllOf(HasSubstr("merged on request"), HasSubstr("rank 0 is in both")));
}

/// The pair of the review: two public traces that have nothing to do with each other.
TEST_F(SameRun, TwoPublicTracesAreNeverMergedSilently) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  MOESCOPE_REQUIRE_DATA("nsys_mfu_2gpu_before.sqlite");
  EXPECT_NE(refusal({test::shared_data("deepseek_v3_train_rank0.json"),
                     test::shared_data("nsys_mfu_2gpu_before.sqlite")}),
            "");
}

}  // namespace
}  // namespace moescope
