// Where communication is exposed, what runs there, and figures cut to a range.
#include "core/analysis/overlap/exposed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/results.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::make_trace;
using testing::ElementsAre;

const auto kAll = [](const DeviceKey&) { return true; };

std::vector<TimeRange> ranges_of(const std::vector<Exposed>& exposed) {
  std::vector<TimeRange> ranges;
  for (const Exposed& e : exposed) ranges.push_back(e.range);
  return ranges;
}

/// Layer 3 dispatches for 100 ns beside a gemm of 60; layer 4 waits for 50 and combines for 20.
TracePtr two_layers() {
  return make_trace(
      {{"layer 3 mb0", 0, 50, 1, SpanKind::Annotation},
       {"cudaLaunchKernel", 10, 2, 1, SpanKind::Runtime, 1},
       {"layer 4 mb1", 60, 50, 1, SpanKind::Annotation},
       {"cudaLaunchKernel", 70, 2, 1, SpanKind::Runtime, 2},
       {"cudaLaunchKernel", 75, 2, 1, SpanKind::Runtime, 3},
       {"deep_ep::internode::dispatch<true>", 100, 100, 7, SpanKind::Kernel, 1},
       {"gemm", 100, 60, 8, SpanKind::Kernel, 9},
       {"deep_ep::internode::notify_dispatch<false>", 300, 50, 7, SpanKind::Kernel, 2},
       {"deep_ep::internode::combine<true>", 350, 20, 7, SpanKind::Kernel, 3}});
}

TEST(ExposedIntervals, AreWhereOnlyCommunicationRuns) {
  const auto trace = two_layers();
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  EXPECT_THAT(ranges_of(exposed_intervals(analysis->activity, kAll)),
              ElementsAre(TimeRange{160, 200}, TimeRange{300, 370}));
  EXPECT_TRUE(
      exposed_intervals(analysis->activity, [](const DeviceKey&) { return false; }).empty());
  const auto layer = std::find_if(
      analysis->scopes.begin(), analysis->scopes.end(),
      [](const ScopeOverlap& scope) { return scope.kind == "layer" && scope.name == "3"; });
  ASSERT_NE(layer, analysis->scopes.end());
  EXPECT_THAT(ranges_of(exposed_intervals(analysis->activity, *layer)),
              ElementsAre(TimeRange{160, 200}));
}

TEST(ExposedCauses, NameKernelWaitingLayerAndMicroBatch) {
  const auto trace = two_layers();
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto intervals = exposed_intervals(analysis->activity, kAll);
  const auto causes = exposed_causes(*trace, *analysis->classes, analysis->scopes, intervals);
  ASSERT_EQ(causes.size(), 2U);
  ASSERT_TRUE(causes[0].kernel && causes[1].kernel);
  EXPECT_EQ(trace->name(*causes[0].kernel), "deep_ep::internode::dispatch<true>");
  EXPECT_EQ(causes[0].classified.span_class, SpanClass::Dispatch);
  EXPECT_FALSE(causes[0].classified.waits);
  EXPECT_EQ(causes[0].time, 40) << "the part inside the interval";
  EXPECT_EQ(causes[0].layer, "3");
  EXPECT_EQ(causes[0].micro_batch, "0");
  EXPECT_EQ(trace->name(*causes[1].kernel), "deep_ep::internode::notify_dispatch<false>");
  EXPECT_TRUE(causes[1].classified.waits);
  EXPECT_EQ(causes[1].time, 50);
  EXPECT_EQ(causes[1].layer, "4");
  EXPECT_EQ(causes[1].micro_batch, "1");
}

TEST(ExposedCauses, WithoutLayersAreKernelsAndAnEmptyListIsEmpty) {
  const auto trace = make_trace({{"ncclDevKernel_AllReduce", 10, 20, 7, SpanKind::Kernel}});
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto intervals = exposed_intervals(analysis->activity, kAll);
  const auto causes = exposed_causes(*trace, *analysis->classes, analysis->scopes, intervals);
  ASSERT_EQ(causes.size(), 1U);
  EXPECT_EQ(causes[0].layer, "");
  EXPECT_EQ(causes[0].time, 20);
  EXPECT_TRUE(exposed_causes(*trace, *analysis->classes, {}, {}).empty());
}

void expect_same(const OverlapFigures& a, const OverlapFigures& b) {
  EXPECT_EQ(a.span, b.span);
  EXPECT_EQ(a.comm, b.comm);
  EXPECT_EQ(a.compute, b.compute);
  EXPECT_EQ(a.exposed, b.exposed);
  EXPECT_EQ(a.wait, b.wait);
  EXPECT_EQ(a.busy, b.busy);
  EXPECT_EQ(a.comm_events, b.comm_events);
  EXPECT_EQ(a.compute_events, b.compute_events);
}

TEST(CutOverlap, IsWhatTheAnalysisOfThatWindowIs) {
  const auto trace = two_layers();
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const auto a = static_cast<TimeNs>(random() % 400), b = static_cast<TimeNs>(random() % 400);
    const TimeRange window{std::min(a, b), std::max(a, b) + 1};
    Progress progress;
    const auto cut = cut_overlap(*trace, *analysis->classes, analysis->scopes, window, progress);
    const auto whole = analyze_overlap_and_scopes(*trace, *analysis->classes, window, progress);
    ASSERT_EQ(cut.scopes.size(), whole.scopes.size()) << window.begin << " " << window.end;
    for (std::size_t s = 0; s < cut.scopes.size(); ++s) {
      EXPECT_EQ(cut.scopes[s].name, whole.scopes[s].name);
      EXPECT_EQ(cut.scopes[s].windows, whole.scopes[s].windows);
      EXPECT_EQ(cut.scopes[s].ranges, whole.scopes[s].ranges);
      expect_same(cut.scopes[s].figures, whole.scopes[s].figures);
    }
    ASSERT_EQ(cut.overlap.size(), whole.overlap.size());
    for (std::size_t d = 0; d < cut.overlap.size(); ++d)
      expect_same(cut.overlap[d].figures, whole.overlap[d].figures);
    EXPECT_EQ(ranges_of(exposed_intervals(cut.activity, kAll)),
              ranges_of(exposed_intervals(whole.activity, kAll)));
  }
}

TEST(SmAllocationOf, OneDeviceIsWhatItIsAmongAll) {
  const auto trace = two_layers();
  const Classification classes(*trace, RuleSet::built_in());
  for (const TimeRange window : {TimeRange{0, 1000}, TimeRange{120, 180}, TimeRange{205, 290}}) {
    const auto all = analyze_sm_allocation(*trace, classes, window);
    ASSERT_EQ(all.size(), 1U);
    const auto one = analyze_sm_allocation_of(*trace, classes, all[0].key, window);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->time_at, all[0].time_at);
    EXPECT_EQ(one->range, all[0].range);
    EXPECT_EQ(one->comm_sm_ns, all[0].comm_sm_ns);
  }
  EXPECT_FALSE(analyze_sm_allocation_of(*trace, classes, {7, 0}));
}

}  // namespace
}  // namespace moescope
