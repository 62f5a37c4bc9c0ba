// Opening files and folders as one trace, and bringing their clocks together.
#include "core/import/open.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "core/analysis/spans/flow.h"
#include "core/error.h"
#include "tests/support/nsys_file.h"
#include "tests/support/privileges.h"

namespace moescope {
namespace {

using test::insert_kernel;
using test::nsys_base;
using test::TempFolder;
using test::write_database;
using testing::Contains;
using testing::HasSubstr;

constexpr const char* kAllReduce = "ncclDevKernel_AllReduce_Sum_bf16_RING_LL";

class Open : public testing::Test {
 protected:
  static TracePtr open(const std::vector<std::filesystem::path>& paths,
                       OtherRuns other_runs = OtherRuns::Refused) {
    Progress progress;
    return open_trace(paths, {}, progress, other_runs);
  }
  static std::string error_of(const std::vector<std::filesystem::path>& paths) {
    try {
      open(paths);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name, std::ios::binary) << text;
  }
  /// One rank with collectives that end at `ends` on its own clock, and compute between.
  std::filesystem::path rank_file(int rank, const std::vector<long long>& ends, long long epoch = 0,
                                  const char* name = kAllReduce) {
    auto statements = nsys_base({name, "gemm"});
    int correlation = 1;
    for (const long long end : ends) {
      statements.push_back(insert_kernel({end - 3000 - 100 * rank, end, 100, 0, 7, correlation++}));
      statements.push_back(insert_kernel({end, end + 500, 100, 0, 8, correlation++, 1}));
    }
    if (epoch != 0) {
      statements.push_back("CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER)");
      statements.push_back(
          fmt::format("INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES ({})", epoch));
    }
    const auto path = dir_ / fmt::format("rank{}.sqlite", rank);
    write_database(path, statements);
    return path;
  }
  /// Ends of `count` collectives at irregular distances.
  static std::vector<long long> ends(int count, long long skew, int jitter, unsigned seed) {
    std::mt19937 gaps(7), noise(seed);
    std::vector<long long> result;
    long long at = 1'000'000;
    for (int i = 0; i < count; ++i) {
      at += 20'000 + static_cast<long long>(gaps() % 60'000);
      result.push_back(at + skew +
                       (jitter > 0 ? static_cast<long long>(noise() % (2 * jitter)) - jitter : 0));
    }
    return result;
  }
  TempFolder dir_;
};

/// End of the n-th collective of a process of the merged trace.
TimeNs collective_end(const Trace& trace, ProcessId process, std::uint32_t n) {
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    if (trace.tracks()[track].process == process && trace.tracks()[track].id == 7)
      return trace.span({track, n}).end();
  return -1;
}

TEST_F(Open, RanksWithSkewedClocksMeetAtTheEndsOfCollectives) {
  const auto trace =
      open({rank_file(0, ends(50, 0, 0, 1)), rank_file(1, ends(50, 123'456'789, 400, 2)),
            rank_file(2, ends(50, -900'000, 400, 3))});
  ASSERT_EQ(trace->info().alignments.size(), 3U);
  for (const int i : {1, 2}) {
    const auto& alignment = trace->info().alignments[static_cast<std::size_t>(i)];
    EXPECT_EQ(alignment.matched_collectives, 50);
    EXPECT_GT(alignment.residual, 0);
    EXPECT_LE(alignment.residual, 400);
    for (std::uint32_t n = 0; n < 50; ++n)
      EXPECT_NEAR(collective_end(*trace, 0, n),
                  collective_end(*trace, static_cast<ProcessId>(i), n), 800);
  }
  EXPECT_THAT(trace->info().warnings,
              Contains(testing::AllOf(HasSubstr("rank1.sqlite"), HasSubstr("50 pairs"),
                                      HasSubstr("residual error"))));
  EXPECT_EQ(trace->range().begin, 0);
  EXPECT_EQ(trace->processes()[2].rank, 2);
  EXPECT_EQ(trace->processes()[2].file, 2);
}

/// NCCL kernels of one rank as newer PyTorch writes them, `seq` in the order given.
std::string numbered(const std::vector<int>& order, double skew_us, const char* ranks) {
  std::string events;
  double at = 1000 + skew_us;
  for (const int seq : order) {
    const double gap = 100.0 + 37 * seq;
    at += gap;
    events += fmt::format(
        R"({}{{"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":7,"ts":{:.3f},)"
        R"("dur":20,"args":{{"device":0,"stream":7,"Collective name":"allreduce","Seq":{},)"
        R"("Process Group Name":"ep","Process Group Ranks":"{}","dtype":"BFloat16"}}}})",
        events.empty() ? "" : ",", at, seq, ranks);
  }
  return "{\"traceEvents\":[" + events + "]}";
}

TEST_F(Open, NumberedCollectivesAlignAndMeetTheirPeers) {
  write("rank0.json", numbered({1, 2, 3, 4, 5}, 0, "[0, 1]"));
  write("rank1.json", numbered({2, 3, 4, 5}, 250, "[0, 1]"));
  const auto trace = open({dir_ / "rank0.json", dir_ / "rank1.json"});
  ASSERT_EQ(trace->info().alignments.size(), 2U);
  EXPECT_EQ(trace->info().alignments[1].matched_collectives, 4);
  EXPECT_EQ(trace->info().alignments[1].residual, 0);
  Progress progress;
  const FlowIndex flow(*trace, Classification(*trace, RuleSet::built_in()), progress);
  const auto peers = flow.find_peers(*trace, {0, 2});  // Seq 3 of rank 0
  ASSERT_THAT(peers.spans, testing::ElementsAre(SpanRef{1, 1}));
  EXPECT_EQ(peers.method, PeerMethod::Sequence);
  EXPECT_EQ(trace->span(peers.spans[0]).end(), trace->span({0, 2}).end());
  EXPECT_THAT(trace->args({0, 2}), HasSubstr("\"dtype\":\"BFloat16\""));
}

TEST_F(Open, ARecordingThatBeganLaterIsMatchedFromItsFirstCollective) {
  auto late = ends(50, 5'000'000, 100, 4);
  late.erase(late.begin(), late.begin() + 3);
  const auto trace = open({rank_file(0, ends(50, 0, 0, 1)), rank_file(1, late)});
  EXPECT_EQ(trace->info().alignments[1].matched_collectives, 47);
  EXPECT_NEAR(collective_end(*trace, 0, 3), collective_end(*trace, 1, 0), 300);
}

TEST_F(Open, AFewWrongMatchesDoNotMoveTheClock) {
  auto wrong = ends(40, 777'000, 50, 4);
  for (const std::size_t i : {3UL, 9UL, 22UL, 30UL}) wrong[i] += 7'000;
  std::sort(wrong.begin(), wrong.end());
  const auto trace = open({rank_file(0, ends(40, 0, 0, 1)), rank_file(1, wrong)});
  EXPECT_NEAR(collective_end(*trace, 0, 20), collective_end(*trace, 1, 20), 200);
  EXPECT_LE(trace->info().alignments[1].residual, 100);
}

TEST_F(Open, CollectivesThatDisagreeFallBackToWallClocks) {
  std::mt19937 random(5);
  std::vector<long long> chaos;
  for (int i = 0; i < 40; ++i)
    chaos.push_back(2'000'000 + static_cast<long long>(random() % 4'000'000'000ULL));
  const auto trace = open({rank_file(0, ends(40, 0, 0, 1), 1'700'000'000'000'000'000),
                           rank_file(1, chaos, 1'700'000'000'005'000'000)});
  const auto& alignment = trace->info().alignments[1];
  EXPECT_EQ(alignment.matched_collectives, 0);
  EXPECT_THAT(alignment.method, HasSubstr("wall clocks"));
  EXPECT_THAT(alignment.method, HasSubstr("do not agree"));
}

TEST_F(Open, WithoutCollectivesTheWallClocksDecide) {
  const auto trace = open({rank_file(0, {10'000}, 1'700'000'000'000'000'000, "gemm_a"),
                           rank_file(1, {10'000}, 1'700'000'000'005'000'000, "gemm_a")});
  EXPECT_EQ(collective_end(*trace, 1, 0) - collective_end(*trace, 0, 0), 5'000'000);
  EXPECT_THAT(trace->info().alignments[1].method, HasSubstr("wall clocks"));
}

TEST_F(Open, MergedOnRequestWithoutAnyCommonClockItSaysSo) {
  const auto trace =
      open({rank_file(0, {10'000}, 0, "gemm_a"), rank_file(1, {90'000}, 0, "gemm_a")},
           OtherRuns::Merged);
  EXPECT_EQ(trace->info().alignments[1].offset, 0);
  EXPECT_THAT(trace->info().alignments[1].method, HasSubstr("not aligned"));
  EXPECT_THAT(trace->info().warnings, Contains(HasSubstr("not aligned")));
}

TEST_F(Open, AFolderOpensInNaturalOrderAndNamesWhatItLeftOut) {
  for (const int rank : {10, 2, 1}) rank_file(rank, ends(5, 0, 0, 1));
  write("notes.txt", "hello");
  const auto trace = open({dir_.path()});
  ASSERT_EQ(trace->processes().size(), 3U);
  EXPECT_EQ(trace->processes()[0].rank, 1);
  EXPECT_EQ(trace->processes()[1].rank, 2);
  EXPECT_EQ(trace->processes()[2].rank, 10);
  EXPECT_THAT(trace->info().warnings, Contains(HasSubstr("notes.txt")));
}

TEST_F(Open, FormatsMix) {
  write("b.json",
        R"({"traceEvents":[{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":10,"dur":5,)"
        R"("args":{"device":0,"stream":7}}]})");
  const auto trace = open({rank_file(0, ends(3, 0, 0, 1)), dir_ / "b.json"}, OtherRuns::Merged);
  EXPECT_EQ(trace->processes().size(), 2U);
  EXPECT_EQ(trace->span_count(), 7U);
  EXPECT_EQ(trace->info().format, "nsys + kineto");
}

TEST_F(Open, NamesLaunchesAndArgumentsSurviveTheMerge) {
  const auto trace = open({rank_file(0, ends(3, 0, 0, 1)), rank_file(1, ends(3, 0, 0, 1))});
  for (TrackId track = 0; track < trace->tracks().size(); ++track) {
    const SpanRef ref{track, 1};
    EXPECT_EQ(trace->name(ref), trace->tracks()[track].id == 7 ? kAllReduce : "gemm");
    EXPECT_THAT(trace->args(ref), HasSubstr("\"launchType\":\"regular\""));
    EXPECT_EQ(trace->launches().at(trace->span(ref).launch).registers_per_thread, 32U);
  }
}

TEST_F(Open, AFileNamedTwiceIsOpenedOnce) {
  const auto path = rank_file(0, ends(3, 0, 0, 1));
  const auto trace = open({path, dir_.path() / "." / "rank0.sqlite"});
  EXPECT_EQ(trace->processes().size(), 1U);
  EXPECT_THAT(trace->info().warnings, Contains(HasSubstr("named twice")));
}

TEST_F(Open, TheSameRankTwiceMergedOnRequestIsReportedAndKeptApart) {
  const auto path = rank_file(3, ends(3, 0, 0, 1));
  std::filesystem::copy_file(path, dir_ / "other_rank3.sqlite");
  const auto trace = open({path, dir_ / "other_rank3.sqlite"}, OtherRuns::Merged);
  EXPECT_NE(trace->processes()[0].label, trace->processes()[1].label);
  EXPECT_THAT(trace->info().warnings, Contains(HasSubstr("rank 3 occurs in 2")));
}

TEST_F(Open, OneBrokenFileAmongSeveralIsNamed) {
  const auto good = rank_file(0, ends(3, 0, 0, 1));
  const auto bad = rank_file(1, ends(3, 0, 0, 1));
  std::filesystem::resize_file(bad, 5000);
  EXPECT_THAT(error_of({good, bad}), HasSubstr("rank1.sqlite"));
  EXPECT_THAT(error_of({dir_.path()}), HasSubstr("rank1.sqlite"));
}

TEST_F(Open, WhatIsNoTraceIsRefusedWithARemedy) {
  write("loads.csv", "1,2,3\n4,5,6\n");
  EXPECT_THAT(error_of({dir_ / "loads.csv"}), HasSubstr("moescope loads loads.csv"));
  write("waits.log",
        "[2025-09-15T16:28:53.686] rank=0 [1 2]\n[2025-09-15T16:28:53.687] rank=1 [3 4]\n");
  EXPECT_THAT(error_of({dir_ / "waits.log"}), HasSubstr("moescope loads waits.log"));
  EXPECT_THAT(error_of({dir_.path()}), HasSubstr("no trace file"));
  EXPECT_THAT(error_of({dir_ / "gone.json"}), HasSubstr("gone.json"));
  EXPECT_THAT(error_of({}), HasSubstr("no file"));
}

TEST_F(Open, AFileWithoutReadPermissionIsAnError) {
  const auto path = rank_file(0, ends(3, 0, 0, 1));
  std::filesystem::permissions(path, std::filesystem::perms::none);
  std::string message;
  ASSERT_TRUE(test::without_root([&] { message = error_of({path}); }));
  EXPECT_THAT(message, testing::AllOf(HasSubstr("rank0.sqlite"), HasSubstr("Permission denied")));
}

TEST_F(Open, CancelBetweenFilesStops) {
  const auto a = rank_file(0, ends(3, 0, 0, 1)), b = rank_file(1, ends(3, 0, 0, 1));
  Progress progress([&](double, std::string_view what) {
    if (what.starts_with("rank1")) throw Cancelled();
  });
  EXPECT_THROW(open_trace({a, b}, {}, progress), Cancelled);
}

}  // namespace
}  // namespace moescope
