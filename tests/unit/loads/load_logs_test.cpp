// Balance lines of engine logs and wait matrices of DeepXTrace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/loads/logs/balance_log.h"
#include "core/loads/logs/wait_matrix.h"
#include "core/loads/open/sniff.h"
#include "tests/support/data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char* const kSglang =
    "[2026-01-05 10:00:01] Decode batch. #running-req: 4\n"
    "[2026-01-05 10:00:02] [Expert Balancedness] forward_pass_id=41 "
    "current_pass_balancedness=0.750 last_10_average_balancedness=0.800 "
    "last_100_average_balancedness=0.810 last_1000_average_balancedness=0.812 "
    "gpu_physical_count_sum=61440\r\n"
    "[2026-01-05 10:00:03] [EPLBManager] rebalance start\n"
    "[2026-01-05 10:00:04] [EPLBManager] rebalance end time=1.250s\n"
    "[2026-01-05 10:00:05] [Expert Balancedness] forward_pass_id=42 "
    "current_pass_balancedness=0.990 last_10_average_balancedness=0.820 "
    "gpu_physical_count_sum=61440\n";

BalanceLog balance(const std::string& text) {
  Progress progress;
  return parse_balance_log(text, "server.log", progress);
}
WaitLog waits(const std::string& text) {
  Progress progress;
  return parse_wait_log(text, "waits.log", progress);
}

TEST(BalanceLog, SglangLinesAreSeriesByForwardPass) {
  const auto log = balance(kSglang);
  ASSERT_THAT(log.series, SizeIs(4));
  EXPECT_EQ(log.series[0].engine, "SGLang");
  EXPECT_EQ(log.series[0].name, "current pass");
  EXPECT_TRUE(log.series[0].higher_is_better);
  EXPECT_THAT(log.series[0].points,
              ElementsAre(LoggedBalance{41, 0.75, 2}, LoggedBalance{42, 0.99, 5}));
  EXPECT_EQ(log.series[1].name, "mean of the last 10 passes");
  EXPECT_THAT(log.series[1].points, SizeIs(2));
  EXPECT_THAT(log.series[3].points, ElementsAre(LoggedBalance{41, 0.812, 2}));
  EXPECT_THAT(log.notes, IsEmpty());
}

TEST(BalanceLog, RebalancesAreEventsAtTheirStep) {
  const auto log = balance(std::string(kSglang) +
                           "Skipped ep rebalancing: current GPU utilization 0.99 > 0.95\n");
  ASSERT_THAT(log.events, SizeIs(3));
  EXPECT_EQ(log.events[0].step, 41);
  EXPECT_EQ(log.events[1].seconds, 1.25);
  EXPECT_EQ(log.events[2].step, 42);
  EXPECT_THAT(log.events[2].text, HasSubstr("Skipped ep rebalancing"));
}

TEST(BalanceLog, VllmLinesCarryTheCaveatOfOldVersions) {
  const auto log = balance(
      "INFO 01-05 EPLB step: 100 for model m/x: avg_tokens=10.50, max_tokens=21, "
      "balancedness=0.5000, steps until the next rearrangement: 2900\n"
      "INFO 01-05 EPLB step: 101 for model draft: avg_tokens=1.00, max_tokens=1, "
      "balancedness=1.0000\n");
  ASSERT_THAT(log.series, SizeIs(2));
  EXPECT_EQ(log.series[0].name, "model m/x");
  EXPECT_THAT(log.series[0].points, ElementsAre(LoggedBalance{100, 0.5, 1}));
  EXPECT_EQ(log.series[1].name, "model draft");
  EXPECT_THAT(log.notes, Contains(HasSubstr("over the layers instead of the ranks")));
}

TEST(BalanceLog, AscendLinesGiveImbalanceBeforeAndAfter) {
  const auto log = balance(
      "[Expert Hotness] Current: mean=1.400, max=2.300, Updated: mean=1.050, max=1.200\n"
      "[Expert Hotness] Current: mean=1.100, max=1.300, Updated: mean=1.040, max=1.100\n");
  ASSERT_THAT(log.series, SizeIs(4));
  EXPECT_EQ(log.series[0].name, "mean over layers, before");
  EXPECT_FALSE(log.series[0].higher_is_better);
  EXPECT_THAT(log.series[0].points,
              ElementsAre(LoggedBalance{0, 1.4, 1}, LoggedBalance{1, 1.1, 2}));
  EXPECT_EQ(log.series[3].name, "worst layer, after (predicted)");
  EXPECT_THAT(log.series[3].points,
              ElementsAre(LoggedBalance{0, 1.2, 1}, LoggedBalance{1, 1.1, 2}));
}

TEST(BalanceLog, LinesWithoutANumberAreCounted) {
  const auto log =
      balance(std::string(kSglang) +
              "[Expert Balancedness] forward_pass_id=43 current_pass_balancedness=nan\n"
              "[Expert Balancedness] forward_pass_id=44 current_pass_ba");
  EXPECT_THAT(log.series[0].points, SizeIs(2));
  EXPECT_THAT(log.notes, Contains(HasSubstr("2 balance values were left out")));
}

TEST(BalanceLog, TheLineOfNewAscendIsReadWithAnyPrefix) {
  const auto log = balance(
      "[eplb/policy] Policy: DefaultEplb (type=1)\n"
      "[eplb/worker] Expert hotness imbalance, current: mean=2.118 max=2.775, updated: mean=1.044 "
      "max=1.167\n"
      "INFO 11-29 21:48:53 [eplb_worker.py:100] [eplb/worker] Expert hotness imbalance, current: "
      "mean=1.950 max=2.691, updated: mean=1.022 max=1.048\n"
      "[eplb/worker] Expert hotness imbalance, current: mean=nan max=nan, updated: mean=nan "
      "max=nan\n");
  ASSERT_THAT(log.series, SizeIs(4));
  EXPECT_EQ(log.series[0].engine, "vllm-ascend");
  EXPECT_THAT(log.series[0].points,
              ElementsAre(LoggedBalance{0, 2.118, 2}, LoggedBalance{1, 1.95, 3}));
  EXPECT_THAT(log.series[1].points,
              ElementsAre(LoggedBalance{0, 2.775, 2}, LoggedBalance{1, 2.691, 3}));
  EXPECT_THAT(log.series[3].points,
              ElementsAre(LoggedBalance{0, 1.167, 2}, LoggedBalance{1, 1.048, 3}));
  EXPECT_THAT(log.notes, Contains(HasSubstr("4 balance values were left out")));
}

TEST(BalanceLog, ValuesThatNoBalanceHasAreLeftOut) {
  for (const char* value : {"1e308", "-9.2e18", "1.5", "-0.1", "inf"}) {
    const auto log = balance(std::string(kSglang) + "[Expert Balancedness] forward_pass_id=50 " +
                             "current_pass_balancedness=" + value + "\n");
    EXPECT_THAT(log.series[0].points, SizeIs(2)) << value;
    EXPECT_THAT(log.notes, Contains(HasSubstr("1 balance values were left out"))) << value;
  }
  EXPECT_THROW(
      balance("EPLB step: 1 for model m: avg_tokens=1, max_tokens=1, balancedness=1e308\n"), Error);
  const auto step = balance(
      "[Expert Balancedness] forward_pass_id=-9.2e18 "
      "current_pass_balancedness=0.5\n");
  EXPECT_THAT(step.series[0].points, ElementsAre(LoggedBalance{0, 0.5, 1}));
}

TEST(BalanceLog, ALogWithoutBalanceIsAnError) {
  EXPECT_THROW(balance("nothing here\n"), Error);
  EXPECT_THROW(balance(""), Error);
}

TEST(WaitMatrix, RowsOfRanksBecomeMatrices) {
  const auto log = waits(
      "noise\n[2025-01-01T00:00:00.1] rank=0 [1 2]\n[2025-01-01T00:00:00.1] rank=1 [3 4]\n"
      "[2025-01-01T00:00:09.1] rank=1 [7 8]\n");
  ASSERT_THAT(log.matrices, SizeIs(2));
  EXPECT_EQ(log.matrices[0].time, "2025-01-01T00:00:00.1");
  EXPECT_THAT(log.matrices[0].values.values, ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(std::isnan(log.matrices[1].values.at(0, 0)));
  EXPECT_EQ(log.matrices[1].values.at(1, 1), 8);
  EXPECT_THAT(log.notes, Contains(HasSubstr("1 of 2 matrices lack the rows of some ranks")));
}

TEST(WaitMatrix, BrokenLogsAreErrors) {
  EXPECT_THROW(waits(""), Error);
  EXPECT_THROW(waits("[t] rank=0 [1 x]\n"), Error);
  EXPECT_THROW(waits("[t] rank=0 []\n"), Error);
  EXPECT_THROW(waits("[t] rank=0 [1 2\n"), Error);
  EXPECT_THROW(waits("[t] rank=0 [1 2]\n[t] rank=1 [1 2 3]\n"), Error);
  EXPECT_THROW(waits("[t] rank=7 [1 2]\n"), Error);
  EXPECT_THROW(waits("[t] rank=-1 [1 2]\n"), Error);
}

LoadMatrix filled(int ranks, double value) {
  LoadMatrix m(ranks, ranks);
  for (double& v : m.values) v = value;
  return m;
}

TEST(WaitMatrix, ASlowColumnRowAndCellHaveTheirNames) {
  auto column = filled(16, 1);
  for (int r = 0; r < 16; ++r) column.at(r, 3) = 50;
  auto found = slow_parts(column);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, SlowPart::Kind::CompSlow);
  EXPECT_EQ(found[0].awaited, 3);
  EXPECT_NEAR(found[0].times_mean, 50 / (65.0 / 16), 1e-9);
  auto row = filled(16, 1);
  for (int c = 0; c < 16; ++c) row.at(9, c) = 50;
  found = slow_parts(row);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, SlowPart::Kind::MixedSlow);
  EXPECT_EQ(found[0].waiting, 9);
  auto cell = filled(16, 1);
  cell.at(2, 5) = 40;
  found = slow_parts(cell);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, SlowPart::Kind::CommSlow);
  EXPECT_EQ(found[0].waiting, 2);
  EXPECT_EQ(found[0].awaited, 5);
}

TEST(WaitMatrix, EvenWaitsMarkNothing) {
  EXPECT_THAT(slow_parts(filled(8, 7)), IsEmpty());
  EXPECT_THAT(slow_parts(filled(8, 0)), IsEmpty());
  EXPECT_THAT(slow_parts(LoadMatrix(4, 4)), IsEmpty());
}

TEST(WaitMatrix, TheRealSampleHasASlowRank4) {
  MOESCOPE_REQUIRE_DATA("deepxtrace_ep16_dispatch_wait_sample.log");
  const auto path = test::shared_data("deepxtrace_ep16_dispatch_wait_sample.log");
  EXPECT_EQ(sniff_load_input(path), LoadInput::WaitLog);
  Progress progress;
  const auto log = read_wait_log(path, progress);
  ASSERT_THAT(log.matrices, SizeIs(1));
  EXPECT_EQ(log.matrices[0].values.rows, 16);
  EXPECT_EQ(log.matrices[0].values.at(0, 4), 7394516487.0);
  const auto slow = slow_parts(log.matrices[0].values);
  ASSERT_THAT(slow, SizeIs(1));
  EXPECT_EQ(slow[0].kind, SlowPart::Kind::CompSlow);
  EXPECT_EQ(slow[0].awaited, 4);
}

TEST(SniffLoadInput, DistinguishesLoadsFromTracesAndLogs) {
  test::TempFolder folder;
  const auto kind = [&](const char* name, const std::string& bytes) {
    test::write_bytes(folder / name, bytes);
    return sniff_load_input(folder / name);
  };
  EXPECT_EQ(kind("a.json", R"({"traceEvents":[]})"), LoadInput::None);
  EXPECT_EQ(kind("b.json", R"({"logical_count":[[1,2]]})"), LoadInput::Loads);
  EXPECT_EQ(kind("c.jsonl", R"({"record_type":"eplb_load_meta","version":1})"), LoadInput::Loads);
  EXPECT_EQ(kind("d.csv", "1, 2,3\n4,5,6\n"), LoadInput::Loads);
  EXPECT_EQ(kind("e.json", "[{\"ph\":\"X\"}]"), LoadInput::None);
  EXPECT_EQ(kind("f.log", kSglang), LoadInput::BalanceLog);
  EXPECT_EQ(kind("g.log", "start\n[t] rank=0 [1 2]\n"), LoadInput::WaitLog);
  EXPECT_EQ(kind("h.bin", std::string("\0\1\2", 3)), LoadInput::None);
  EXPECT_EQ(kind("i.txt", ""), LoadInput::None);
  EXPECT_EQ(kind("j.npy", "\x93NUMPY"), LoadInput::Loads);
  EXPECT_EQ(sniff_load_input(folder / "missing"), LoadInput::None);
  std::filesystem::create_directory(folder / "dump");
  EXPECT_EQ(sniff_load_input(folder / "dump"), LoadInput::None);
  test::write_bytes(folder / "dump/meta_info.json", "{}");
  EXPECT_EQ(sniff_load_input(folder / "dump"), LoadInput::Loads);
}

}  // namespace
}  // namespace moescope
