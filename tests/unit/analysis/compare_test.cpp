// Comparing two traces: rows, noise, causes and conditions.
#include "core/analysis/compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/compare/condition.h"
#include "core/analysis/compare/noise.h"
#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/error.h"
#include "tests/support/error_of.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using testing::Contains;
using testing::HasSubstr;

CompareSide side_of(std::vector<MadeSpan> spans) {
  return compare_side(make_trace(std::move(spans)), RuleSet::built_in());
}

const Difference* row_of(const Comparison& c, const std::string& scope, const std::string& key,
                         const std::string& figure) {
  for (const Difference& row : c.differences)
    if (row.scope == scope && row.key == key && row.figure == figure) return &row;
  return nullptr;
}

constexpr auto kDispatch = "void deep_ep::internode::dispatch<true>(int)";
constexpr auto kOtherDispatch = "void deep_ep::internode::dispatch<(bool)0>(int)";

/// `lengths.size()` steps of a gemm, and a dispatch of the length that is given, half a step apart.
std::vector<MadeSpan> steps(const std::vector<TimeNs>& lengths, const char* dispatch = kDispatch) {
  std::vector<MadeSpan> spans;
  TimeNs t = 0;
  std::uint32_t correlation = 1;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto name = "ProfilerStep#" + std::to_string(i);
    spans.push_back({name, t, 900, 1, SpanKind::Annotation});
    for (const auto& [kernel, at, length] : {std::tuple{"gemm", TimeNs{0}, TimeNs{500}},
                                             std::tuple{dispatch, TimeNs{500}, lengths[i]}}) {
      spans.push_back({"cudaLaunchKernel", t + at / 10 + 1, 2, 1, SpanKind::Runtime, correlation});
      spans.push_back({kernel, t + at, length, 7, SpanKind::Kernel, correlation++});
    }
    t += 1000;
  }
  return spans;
}

TEST(Compare, ATraceWithItselfDiffersInNothing) {
  const CompareSide side = side_of(steps({100, 120, 110, 100, 130}));
  const Comparison comparison = compare_traces(side, side);
  EXPECT_EQ(comparison.aligned_by, Alignment::Step);
  EXPECT_GT(comparison.differences.size(), 20U);
  for (const Difference& row : comparison.differences) {
    EXPECT_EQ(row.delta(), 0) << row.scope << ' ' << row.key << ' ' << row.figure;
    EXPECT_FALSE(row.significant);
    EXPECT_EQ(row.change, Change::Same);
  }
  EXPECT_THAT(comparison.causes, testing::ElementsAre("nothing differs"));
}

TEST(Compare, ADifferenceInsideTheNoiseOfStepsIsNone) {
  const CompareSide a = side_of(steps({100, 140, 80, 120, 100}));
  const CompareSide b = side_of(steps({130, 90, 120, 80, 140}));
  const Comparison comparison = compare_traces(a, b);
  const Difference* exposed = row_of(comparison, "trace", "", "exposed_comm_ns");
  ASSERT_TRUE(exposed);
  EXPECT_EQ(exposed->a, 540);
  EXPECT_EQ(exposed->b, 560);
  ASSERT_TRUE(exposed->noise);
  EXPECT_GT(*exposed->noise, 20);
  EXPECT_FALSE(exposed->significant);
  EXPECT_THAT(comparison.causes, testing::ElementsAre("nothing differs by more than noise"));
}

TEST(Compare, ASlowerKernelIsTheCauseAndMatchesOverOtherSpellings) {
  const CompareSide a = side_of(steps({100, 101, 99, 100, 100}));
  const CompareSide b = side_of(steps({200, 201, 199, 200, 200}, kOtherDispatch));
  const Comparison comparison = compare_traces(a, b);
  const Difference* kernel =
      row_of(comparison, "kernel", "deep_ep::internode::dispatch", "total_ns");
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->a, 500);
  EXPECT_EQ(kernel->b, 1000);
  EXPECT_EQ(kernel->change, Change::Slower);
  EXPECT_DOUBLE_EQ(*kernel->delta_percent(), 100);
  EXPECT_EQ(row_of(comparison, "class", "dispatch", "total_ns")->b, 1000);
  EXPECT_EQ(row_of(comparison, "class", "dispatch", "count")->change, Change::Same);
  EXPECT_FALSE(row_of(comparison, "kernel", "gemm", "total_ns")->significant);
  EXPECT_EQ(row_of(comparison, "step", "3", "step_ns")->b, 700);
  EXPECT_EQ(row_of(comparison, "device", "rank 0, GPU 0", "exposed_comm_ns")->delta(), 500);
  EXPECT_THAT(comparison.causes,
              Contains(AllOf(HasSubstr("dispatch is slower: 500 ns -> 1.00 us (+100.0 %)"),
                             HasSubstr("5 runs in both, 100 ns -> 200 ns each"))));
}

TEST(Compare, NewAndGoneKernelsAreNamed) {
  auto spans = steps({100, 100, 100, 100});
  const CompareSide a = side_of(spans);
  spans.push_back({"surprise", 600, 50, 8, SpanKind::Kernel});
  const CompareSide b = side_of(spans);
  EXPECT_EQ(row_of(compare_traces(a, b), "kernel", "surprise", "total_ns")->change, Change::New);
  const Comparison back = compare_traces(b, a);
  const Difference* gone = row_of(back, "kernel", "surprise", "total_ns");
  EXPECT_EQ(gone->change, Change::Gone);
  EXPECT_EQ(gone->a, 50);
  EXPECT_FALSE(gone->b);
  EXPECT_FALSE(gone->delta_percent());
  EXPECT_THAT(back.causes, Contains(HasSubstr("gone: surprise, 50.0 ns in 1 run")));
}

TEST(Compare, MoreStepsOfTheSameKindAreNotSlower) {
  const CompareSide a = side_of(steps({100, 101, 99, 100, 100}));
  const CompareSide b = side_of(steps({100, 99, 101, 100, 100, 100, 101, 99, 100, 100}));
  const Comparison comparison = compare_traces(a, b);
  const Difference* kernel =
      row_of(comparison, "kernel", "deep_ep::internode::dispatch", "total_ns");
  EXPECT_EQ(kernel->b, 1000) << "totals stay totals";
  EXPECT_DOUBLE_EQ(*kernel->a_per_step, 100);
  EXPECT_DOUBLE_EQ(*kernel->b_per_step, 100);
  EXPECT_FALSE(kernel->significant);
}

TEST(Compare, AlignsAsAskedOrSaysWhyNot) {
  const CompareSide plain = side_of({{"gemm", 0, 10, 7, SpanKind::Kernel}});
  EXPECT_EQ(compare_traces(plain, plain).aligned_by, Alignment::Time);
  const auto error = [&](Alignment by) {
    return test::error_of([&] { compare_traces(plain, plain, by); });
  };
  EXPECT_THAT(error(Alignment::Step), HasSubstr("the trace names no steps"));
  EXPECT_THAT(error(Alignment::Layer), HasSubstr("the trace names no layers"));
  const CompareSide side = side_of(steps({100, 100}));
  EXPECT_EQ(compare_traces(side, side, Alignment::Time).aligned_by, Alignment::Time);
}

TEST(Compare, NoiseIsTwiceTheStandardErrorOfWelch) {
  const Samples a({1, 2, 3, 4, 5}), b({2, 4, 6, 8, 10, 12});
  EXPECT_DOUBLE_EQ(a.mean(), 3);
  EXPECT_DOUBLE_EQ(a.variance(), 2.5);
  EXPECT_DOUBLE_EQ(b.variance(), 14);
  EXPECT_DOUBLE_EQ(*noise_of_means(a, b), 2 * std::sqrt(2.5 / 5 + 14.0 / 6));
  EXPECT_DOUBLE_EQ(*noise_of_values(a, b), 2 * std::sqrt(2.5 + 14));
  EXPECT_FALSE(noise_of_means(a, Samples({1, 2, 3})));
}

TEST(CompareCondition, ReadsPercentUnitsAndSigns) {
  const FailCondition relative = parse_condition("exposed_comm_ns>+5%");
  EXPECT_TRUE(relative.relative && relative.above);
  EXPECT_DOUBLE_EQ(relative.limit, 5);
  const FailCondition absolute = parse_condition(" comm_ns < -1.5ms ");
  EXPECT_FALSE(absolute.relative || absolute.above);
  EXPECT_DOUBLE_EQ(absolute.limit, -1.5e6);
  EXPECT_DOUBLE_EQ(parse_condition("overlap_pct<-2").limit, -2);
}

TEST(CompareCondition, RefusesWhatItCannotRead) {
  const auto error = [](const char* text) {
    return test::error_of([&] { parse_condition(text); });
  };
  EXPECT_THAT(error("exposed"), HasSubstr("this is no condition"));
  EXPECT_THAT(error("comm_ns>5parsecs"), HasSubstr("this is no condition"));
  EXPECT_THAT(error("overlap_pct>5ms"), HasSubstr("overlap_pct is no time"));
  EXPECT_THAT(error("comm_ns>"), HasSubstr("this is no condition"));
}

TEST(CompareCondition, HoldsBeyondTheLimitOnly) {
  const CompareSide a = side_of(steps({100, 100, 100, 100}));
  const Comparison slower = compare_traces(a, side_of(steps({110, 110, 110, 110})));
  const auto holds_for = [&](const char* text) { return holds(parse_condition(text), slower); };
  EXPECT_TRUE(holds_for("exposed_comm_ns>+9%"));
  EXPECT_FALSE(holds_for("exposed_comm_ns>+10%"));
  EXPECT_TRUE(holds_for("exposed_comm_ns>39"));
  EXPECT_FALSE(holds_for("exposed_comm_ns<0"));
  EXPECT_FALSE(holds_for("memory_ns>0%")) << "none in both";
  EXPECT_THAT(test::error_of([&] { holds_for("nothing_ns>5%"); }),
              HasSubstr("there is no figure 'nothing_ns'; there are span_ns,"));
  const Comparison from_none = compare_traces(side_of({{"gemm", 0, 10, 7, SpanKind::Kernel}}), a);
  EXPECT_TRUE(holds(parse_condition("comm_ns>1000%"), from_none)) << "a rise from zero";
  EXPECT_THAT(test::error_of([&] { holds(parse_condition("overlap_pct>1"), from_none); }),
              HasSubstr("A does not have overlap_pct"));
}

LoadSet loads_of(std::vector<LayerLoads> windows) {
  LoadSet loads;
  loads.source = "loads.json";
  loads.experts = static_cast<int>(windows.front().front().size());
  loads.windows = std::move(windows);
  return loads;
}

TEST(CompareLoads, SharesAndImbalanceAreHeldAgainstTheirNoise) {
  const LayerLoads even = {{10, 10, 10, 10}, {40, 20, 10, 10}};
  const LayerLoads hot = {{10, 10, 10, 10}, {80, 20, 10, 10}};
  const LoadSet a = loads_of({even, even, even, even, even}), b = loads_of({hot, hot, hot, hot});
  const Comparison comparison = compare_loads(a, b);
  EXPECT_EQ(row_of(comparison, "loads", "", "tokens")->b, 640);
  const Difference* layer = row_of(comparison, "layer", "1", "imbalance");
  ASSERT_TRUE(layer);
  EXPECT_DOUBLE_EQ(*layer->a, 2);
  EXPECT_DOUBLE_EQ(*layer->b, 80 / 30.0);
  EXPECT_TRUE(layer->significant);
  EXPECT_FALSE(row_of(comparison, "layer", "0", "imbalance")->significant);
  EXPECT_DOUBLE_EQ(*row_of(comparison, "expert", "1/0", "share_pct")->b, 100 * 80 / 120.0);
  EXPECT_FALSE(row_of(comparison, "expert", "0/0", "share_pct")) << "it did not change";
  EXPECT_THAT(comparison.causes, Contains(HasSubstr("layer 1: imbalance 2.000 -> 2.667")));
  EXPECT_TRUE(holds(parse_condition("imbalance_worst>10%"), comparison));
}

TEST(CompareLoads, OfAnotherModelAreRefused) {
  const LoadSet a = loads_of({{{1, 2}}}), other = loads_of({{{1, 2, 3}}});
  EXPECT_THAT(test::error_of([&] { compare_loads(a, other); }), HasSubstr("has 3 experts"));
  EXPECT_THAT(test::error_of([&] {
                compare_loads(a, loads_of({{{1, 2}, {1, 2}}}));
              }),
              HasSubstr("does not have the layers"));
  EXPECT_THAT(compare_loads(a, a).causes,
              testing::ElementsAre("no layer and no expert differs by more than noise"));
}

TEST(ComparePlans, CountsSlotsAndCopies) {
  Plan a;
  a.num_gpus = 2;
  a.num_experts = 3;
  a.physical_to_logical = {{0, 1, 2, 0}, {0, 1, 2, 0}};
  Plan b = a;
  b.physical_to_logical[1] = {0, 1, 2, 1};
  const Comparison comparison = compare_plans(a, b);
  EXPECT_EQ(row_of(comparison, "plan", "", "slots_changed")->b, 1);
  EXPECT_EQ(row_of(comparison, "plan", "", "copies")->b, 1);
  EXPECT_EQ(row_of(comparison, "layer", "1", "slots_changed")->b, 1);
  EXPECT_FALSE(row_of(comparison, "layer", "0", "slots_changed")->significant);
  EXPECT_THAT(compare_plans(a, a).causes, testing::ElementsAre("nothing differs"));
}

}  // namespace
}  // namespace moescope
