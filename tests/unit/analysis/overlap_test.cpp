#include "core/analysis/overlap/overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;

constexpr const char* kComm = "ncclDevKernel_SendRecv";
constexpr const char* kWait = "deep_ep::internode::notify_dispatch<false>";

OverlapFigures figures_of(const TracePtr& trace, std::optional<TimeRange> window = {}) {
  const auto devices =
      analyze_overlap(*trace, Classification(*trace, RuleSet::built_in()), window).overlap;
  return devices.at(0).figures;
}

TEST(Overlap, CountsUnionsOverAllStreams) {
  const auto f = figures_of(make_trace({{"gemm", 0, 100, 7},
                                        {"elementwise", 50, 100, 8},  // compute [0,150)
                                        {kComm, 120, 80, 20},         // comm [120,200): 30 hidden
                                        {kWait, 190, 30, 21},         // comm until 220
                                        {"copy", 230, 10, 7, SpanKind::Memcpy}}));
  EXPECT_EQ(f.compute, 150);
  EXPECT_EQ(f.comm, 100);
  EXPECT_EQ(f.overlap, 30);
  EXPECT_EQ(f.exposed, 70);
  EXPECT_EQ(f.wait, 30);
  EXPECT_EQ(f.memory, 10);
  EXPECT_EQ(f.span, 240);
  EXPECT_EQ(f.busy, 230);
  EXPECT_EQ(f.idle, 10);
  EXPECT_EQ(f.comm_events, 2U);
  EXPECT_EQ(f.compute_events, 2U);
  EXPECT_EQ(f.memory_events, 1U);
  EXPECT_DOUBLE_EQ(*f.overlap_percent(), 30.0);
}

constexpr const char* kFused = "deep_gemm::sm100_fp8_fp4_mega_moe_impl<8192u>";

/// Nobody can see when a fused kernel communicates: neither it nor what runs beside it counts as
/// communication, hidden or exposed, and it is no compute that hides.
TEST(Overlap, IsNotObservableInFusedKernels) {
  const auto f = figures_of(make_trace({{"gemm", 0, 100, 7},
                                        {kComm, 50, 100, 20},   // [50,150): 50 hidden
                                        {kFused, 120, 180, 7},  // [120,300)
                                        {kFused, 250, 150, 8},  // until 400
                                        {kWait, 290, 200, 21},  // from 400 until 490
                                        {"gemm", 480, 20, 7}}));
  EXPECT_EQ(f.fused_events, 2U);
  EXPECT_EQ(f.fused, 280);
  EXPECT_EQ(f.compute_events, 2U);
  EXPECT_EQ(f.compute, 120);
  EXPECT_EQ(f.comm_events, 2U);
  EXPECT_EQ(f.comm, 70 + 90);
  EXPECT_EQ(f.wait, 90);
  EXPECT_EQ(f.overlap, 50 + 10);
  EXPECT_EQ(f.exposed, f.comm - f.overlap);
  EXPECT_EQ(f.busy, 500);
  EXPECT_EQ(f.idle, 0);
  EXPECT_DOUBLE_EQ(*f.fused_percent(), 100.0 * 280 / (160 + 280));
}

TEST(Overlap, OfFusedKernelsAloneHasNoPercent) {
  const auto f =
      figures_of(make_trace({{kFused, 0, 100, 7}, {"copy", 90, 20, 8, SpanKind::Memcpy}}));
  EXPECT_FALSE(f.overlap_percent().has_value());
  EXPECT_DOUBLE_EQ(*f.fused_percent(), 100);
  EXPECT_EQ(f.busy, 110);
}

TEST(Overlap, WithoutFusedKernelsNothingIsHidden) {
  const auto f = figures_of(make_trace({{"gemm", 0, 100}, {kComm, 50, 100, 20}}));
  EXPECT_FALSE(f.fused_percent().has_value());
  EXPECT_EQ(f.fused, 0);
}

TEST(Overlap, AWindowCutsFusedKernels) {
  const auto f = figures_of(make_trace({{kFused, 0, 100}, {kComm, 50, 100, 20}, {"late", 400, 10}}),
                            TimeRange{60, 120});
  EXPECT_EQ(f.fused, 40);
  EXPECT_EQ(f.comm, 20);
}

TEST(Overlap, PercentDoesNotApplyWithoutCommunication) {
  EXPECT_FALSE(figures_of(make_trace({{"gemm", 0, 100}})).overlap_percent().has_value());
}

TEST(Overlap, ZeroLengthEventsCountButAddNoTime) {
  const auto f = figures_of(make_trace({{"gemm", 0, 10}, {"fill", 5, 0, 7, SpanKind::Memset}}));
  EXPECT_EQ(f.memory_events, 1U);
  EXPECT_EQ(f.memory, 0);
  EXPECT_EQ(f.busy, 10);
}

TEST(Overlap, AWindowCutsSpansAtItsEdges) {
  const auto f = figures_of(make_trace({{"gemm", 0, 100}, {kComm, 50, 100, 20}, {"late", 400, 10}}),
                            TimeRange{60, 120});
  EXPECT_EQ(f.span, 60);
  EXPECT_EQ(f.compute, 40);
  EXPECT_EQ(f.comm, 60);
  EXPECT_EQ(f.overlap, 40);
  EXPECT_EQ(f.compute_events, 1U);
}

TEST(Overlap, HostSpansAndSyncRowsAreNoGpuWork) {
  const auto f = figures_of(make_trace({{"gemm", 100, 10},
                                        {"sync", 0, 1000, 7, SpanKind::Sync},
                                        {"aten::mm", 0, 2000, 1, SpanKind::CpuOp}}));
  EXPECT_EQ(f.span, 10);
  EXPECT_EQ(f.compute_events, 1U);
}

/// Independent of intervals: every nanosecond is marked in an array.
TEST(Overlap, AgreesWithCountingEveryNanosecond) {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    constexpr TimeNs kLength = 3000;
    std::vector<MadeSpan> spans;
    std::vector<int> marks(kLength, 0);
    TimeNs first = kLength, last = 0;
    for (int i = 0; i < 60; ++i) {
      const TimeNs start = random() % (kLength - 100), duration = random() % 100;
      const int kind = static_cast<int>(random() % 3);
      spans.push_back({kind == 0   ? "gemm"
                       : kind == 1 ? kComm
                                   : "copy",
                       start, duration, 7 + i % 4,
                       kind == 2 ? SpanKind::Memcpy : SpanKind::Kernel});
      for (TimeNs t = start; t < start + duration; ++t)
        marks[static_cast<std::size_t>(t)] |= 1 << kind;
      first = std::min(first, start);
      last = std::max(last, start + duration);
    }
    const auto count = [&](auto test) { return std::count_if(marks.begin(), marks.end(), test); };
    const auto f = figures_of(make_trace(spans));
    EXPECT_EQ(f.compute, count([](int m) { return m & 1; }));
    EXPECT_EQ(f.comm, count([](int m) { return m & 2; }));
    EXPECT_EQ(f.memory, count([](int m) { return m & 4; }));
    EXPECT_EQ(f.overlap, count([](int m) { return (m & 3) == 3; }));
    EXPECT_EQ(f.busy, count([](int m) { return m != 0; }));
    EXPECT_EQ(f.span, last - first);
    EXPECT_EQ(f.idle, f.span - f.busy);
  }
}

TEST(Overlap, CancelStopsTheAnalysis) {
  const auto trace = make_trace({{"gemm", 0, 100}});
  const Classification classes(*trace, RuleSet::built_in());
  Progress progress;
  progress.cancel();
  EXPECT_THROW(analyze_overlap_and_scopes(*trace, classes, {}, progress), Cancelled);
}

}  // namespace
}  // namespace moescope
