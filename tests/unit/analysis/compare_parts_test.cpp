// Comparing parts of one trace: two steps, and the time before and after a change of plan; where
// the work of a row is, and rows as CSV.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/compare/csv.h"
#include "core/analysis/compare/figure_words.h"
#include "core/analysis/compare/plan_change.h"
#include "core/analysis/compare/row_place.h"
#include "core/analysis/compare/step_pair.h"
#include "core/analysis/serving/plan_flips.h"
#include "core/analysis/steps/step_standing.h"
#include "tests/support/error_of.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using testing::Contains;
using testing::HasSubstr;

/// A step every 1000 ns: a gemm of 500 ns, then a dispatch of the length that is given.
std::vector<MadeSpan> steps(const std::vector<TimeNs>& lengths) {
  std::vector<MadeSpan> spans;
  std::uint32_t correlation = 1;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto t = static_cast<TimeNs>(i) * 1000;
    spans.push_back({"ProfilerStep#" + std::to_string(i), t, 900, 1, SpanKind::Annotation});
    spans.push_back({"layer 3", t + 1, 400, 2, SpanKind::Annotation});
    for (const auto& [kernel, at, length] :
         {std::tuple{"gemm", TimeNs{0}, TimeNs{500}},
          std::tuple{"deep_ep::dispatch", TimeNs{500}, lengths[i]}}) {
      spans.push_back({"cudaLaunchKernel", t + at / 10 + 1, 2, 1, SpanKind::Runtime, correlation});
      spans.push_back({kernel, t + at, length, 7, SpanKind::Kernel, correlation++});
    }
  }
  return spans;
}

CompareSide side_of(const std::vector<MadeSpan>& spans) {
  return compare_side(make_trace(spans), RuleSet::built_in());
}

const Difference* row_of(const Comparison& c, const std::string& scope, const std::string& key,
                         const std::string& figure) {
  for (const Difference& row : c.differences)
    if (row.scope == scope && row.key == key && row.figure == figure) return &row;
  return nullptr;
}

TEST(CompareSteps, ASlowStepIsHeldAgainstHowMuchTheOthersVary) {
  const CompareSide whole = side_of(steps({100, 104, 98, 100, 300, 102, 96}));
  const Comparison comparison = compare_steps(whole, 3, 4);
  EXPECT_THAT(comparison.aligned_why, HasSubstr("step 3 beside step 4, noise from 5 other steps"));
  const Difference* kernel = row_of(comparison, "kernel", "deep_ep::dispatch", "total_ns");
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->a, 100);
  EXPECT_EQ(kernel->b, 300);
  EXPECT_EQ(kernel->change, Change::Slower);
  // Two single steps differ by up to twice the deviation of the difference of two.
  const double variance = (16 + 16 + 0 + 4 + 16) / 4.0;  // of 100 104 98 102 96, mean 100
  EXPECT_NEAR(*kernel->noise, 2 * std::sqrt(2 * variance), 2);
  EXPECT_EQ(row_of(comparison, "kernel", "deep_ep::dispatch", "count")->b, 1);
  EXPECT_EQ(row_of(comparison, "trace", "", "step_ns")->delta(), 200);
  EXPECT_EQ(row_of(comparison, "trace", "", "comm_events")->a, 1);
  EXPECT_THAT(comparison.causes, Contains(HasSubstr("time of a step: 600 ns -> 800 ns")));
  EXPECT_THAT(comparison.causes, Contains(HasSubstr("dispatch is slower: 100 ns -> 300 ns")));
}

TEST(CompareSteps, ADifferenceThatOthersHaveTooIsNoise) {
  const CompareSide whole = side_of(steps({100, 160, 60, 130, 90, 140, 110}));
  const Comparison comparison = compare_steps(whole, 0, 3);
  EXPECT_FALSE(row_of(comparison, "kernel", "deep_ep::dispatch", "total_ns")->significant);
  EXPECT_THAT(comparison.causes, testing::ElementsAre("nothing differs by more than noise"));
}

TEST(CompareSteps, WithTooFewOthersTheNoiseIsNotKnown) {
  const CompareSide whole = side_of(steps({100, 110, 100}));
  const Comparison comparison = compare_steps(whole, 0, 1);
  EXPECT_THAT(comparison.aligned_why, HasSubstr("too few other steps to know the noise"));
  EXPECT_FALSE(row_of(comparison, "kernel", "deep_ep::dispatch", "total_ns")->noise);
  EXPECT_THAT(test::error_of([&] { compare_steps(whole, 0, 3); }), HasSubstr("there is no step"));
}

TEST(CompareSteps, TheMedianStepIsOneOfTheOthers) {
  const CompareSide whole = side_of(steps({100, 140, 120, 130, 110}));
  EXPECT_EQ(median_step_beside(whole.steps, 2), std::optional<std::size_t>(4))
      << "of 100, 110, 130, 140 the second";
  EXPECT_FALSE(median_step_beside(side_of(steps({100, 100})).steps, 0) == std::nullopt);
}

TEST(ComparePart, FiguresAndStepsAreThoseOfTheWindow) {
  const CompareSide whole = side_of(steps({100, 100, 100, 200, 200, 200}));
  const CompareSide before = part_of(whole, {0, 3000}), after = part_of(whole, {3000, 6000});
  EXPECT_EQ(before.steps.steps.size(), 3U);
  EXPECT_EQ(before.kernels.at("deep_ep::dispatch").total, 300);
  EXPECT_EQ(after.kernels.at("deep_ep::dispatch").total, 600);
  const Comparison comparison = compare_traces(before, after);
  EXPECT_EQ(row_of(comparison, "trace", "", "comm_ns")->a, 300);
  EXPECT_EQ(row_of(comparison, "trace", "", "comm_ns")->b, 600);
  EXPECT_EQ(row_of(comparison, "trace", "", "step_ns")->b, 700) << "the mean of the steps";
}

TEST(ComparePart, ASpanThatBeganBeforeIsNotCountedTwice) {
  const CompareSide whole = side_of({{"gemm", 0, 100, 7, SpanKind::Kernel},
                                     {"gemm", 150, 100, 7, SpanKind::Kernel},
                                     {"softmax", 300, 10, 7, SpanKind::Kernel}});
  EXPECT_EQ(part_of(whole, {0, 200}).kernels.at("gemm").count, 2U);
  EXPECT_FALSE(part_of(whole, {200, 400}).kernels.contains("gemm"));
}

TEST(CompareSteps, TheHiddenShareAndSpansVaryFromStepToStepToo) {
  // Compute runs beside the dispatch for as long as it takes, more or less.
  std::vector<MadeSpan> spans;
  std::uint32_t correlation = 1;
  const TimeNs beside[] = {40, 60, 50, 45, 58, 42, 55};
  for (TimeNs i = 0; i < 7; ++i) {
    const TimeNs t = i * 1000;
    spans.push_back({"ProfilerStep#" + std::to_string(i), t, 900, 1, SpanKind::Annotation});
    for (const auto& [name, lane, length] :
         {std::tuple{"gemm", 7, beside[i]}, std::tuple{"deep_ep::dispatch", 8, TimeNs{100}}}) {
      spans.push_back({"cudaLaunchKernel", t + lane, 2, 1, SpanKind::Runtime, correlation});
      spans.push_back({name, t + 20, length, lane, SpanKind::Kernel, correlation++});
    }
  }
  const Comparison comparison = compare_steps(side_of(spans), 0, 1);
  const Difference* hidden = row_of(comparison, "trace", "", "overlap_pct");
  EXPECT_EQ(hidden->a, 40);
  EXPECT_EQ(hidden->b, 60);
  ASSERT_TRUE(hidden->noise);
  EXPECT_TRUE(hidden->significant) << "others differ by less: " << *hidden->noise;
  EXPECT_EQ(row_of(comparison, "trace", "", "comm_events")->change, Change::Same);
  const Comparison like = compare_steps(side_of(spans), 4, 6);
  EXPECT_FALSE(row_of(like, "trace", "", "overlap_pct")->significant);
}

TEST(RowPlace, IsTheFirstWorkInTheWindowElseAnywhere) {
  const CompareSide side = side_of(steps({100, 100, 100}));
  const auto place = [&](const char* scope, const char* key, TimeRange window) {
    Difference row;
    row.scope = scope;
    row.key = key;
    return place_of_row(side, row, window);
  };
  const auto second = place("kernel", "deep_ep::dispatch", {1000, 2000});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->time, (TimeRange{1500, 1600}));
  EXPECT_EQ(side.trace->name(second->span), "deep_ep::dispatch");
  EXPECT_EQ(place("kernel", "gemm", {1, 900})->time.begin, 0) << "none begins there";
  EXPECT_EQ(place("class", "dispatch", {2000, 3000})->time.begin, 2500);
  EXPECT_EQ(place("step", "1", {0, 3000})->time.begin, 1000);
  EXPECT_FALSE(place("kernel", "none", {0, 3000}));
  EXPECT_FALSE(place("trace", "", {0, 3000})) << "not one piece of work";
}

TEST(ComparisonCsv, QuotesNamesAndLeavesOutWhatDoesNotApply) {
  Difference row;
  row.scope = "kernel";
  row.key = "f(a, \"b\")";
  row.figure = "total_ns";
  row.b = 50;
  row.change = Change::New;
  row.significant = true;
  EXPECT_EQ(csv_line(row), "kernel,\"f(a, \"\"b\"\")\",total_ns,,50,50,,,1,new\n");
}

/// A trace of a runtime: GPU work, and spans of the track "plan changes".
TracePtr with_changes(const std::vector<std::tuple<std::string, TimeNs, TimeNs, int, int>>& spans) {
  TraceBuilder builder;
  const ProcessId rank = builder.add_process({.label = "rank 0", .rank = 0});
  const TrackId stream = builder.add_track({rank, TrackType::DeviceStream, 0, 0, "stream 0"});
  SpanBatch work;
  work.columns.push_back({0, 10'000, builder.strings().intern("gemm"), 0, 0, SpanKind::Kernel});
  work.columns.depth.clear();
  builder.append(stream, std::move(work));
  const ProcessId engine = builder.add_process({.label = "engine"});
  const TrackId track = builder.add_track({engine, TrackType::Thread, -1, 3, "plan changes"});
  SpanBatch batch;
  for (const auto& [name, begin, end, ticket, epoch] : spans) {
    Span span;
    span.start = begin;
    span.duration = end - begin;
    span.name = builder.strings().intern(name);
    span.kind = SpanKind::Phase;
    batch.add(span, "{\"ticket\":" + std::to_string(ticket) +
                        ",\"epoch\":" + std::to_string(epoch) + ",\"stage\":1}");
  }
  batch.columns.depth.clear();
  builder.append(track, std::move(batch));
  return builder.snapshot();
}

TEST(PlanFlips, AreThoseThatWereVerified) {
  const TracePtr trace = with_changes({{"plan prepare", 2000, 2400, 1, 1},
                                       {"plan commit", 2400, 2500, 1, 1},
                                       {"plan verify", 2500, 2600, 1, 1},
                                       {"plan prepare", 5000, 5200, 2, 2},
                                       {"plan rollback", 5200, 5200, 2, 1},
                                       {"plan prepare", 7000, 7100, 3, 2},
                                       {"plan commit", 7100, 7200, 3, 2},
                                       {"plan verify", 7200, 7300, 3, 2}});
  const auto flips = plan_flips(*trace);
  ASSERT_EQ(flips.size(), 2U) << "the second one was undone before it was in force";
  EXPECT_EQ(flips[0].change, (TimeRange{2000, 2600}));
  EXPECT_EQ(flips[0].undisturbed, (TimeRange{0, 5000})) << "copies of another change disturb";
  EXPECT_EQ(flips[1].epoch, 2U);
  const auto first = around(flips[0]), second = around(flips[1]);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->before, (TimeRange{0, 2000}));
  EXPECT_EQ(first->after, (TimeRange{2600, 4600})) << "as long as before";
  EXPECT_EQ(second->before, (TimeRange{5200, 7000})) << "not into the change that failed";
  EXPECT_EQ(second->after, (TimeRange{7300, 9100}));
  PlanFlip at_once = flips[0];
  at_once.undisturbed.begin = 1900;
  EXPECT_TRUE(around(at_once)->copying) << "100 ns before it, 400 ns of copying";
  EXPECT_EQ(around(at_once)->before, (TimeRange{1900, 2400}));
  PlanFlip at_the_end = flips[1];
  at_the_end.undisturbed.end = at_the_end.change.end;
  EXPECT_FALSE(around(at_the_end));
  EXPECT_TRUE(plan_flips(*make_trace({{"gemm", 0, 5, 7, SpanKind::Kernel}})).empty());
}

TEST(PlanChange, ItsSidesAreTheTimesAroundIt) {
  const CompareSide whole = compare_side(with_changes({{"plan prepare", 2000, 2400, 1, 1},
                                                       {"plan commit", 2400, 2500, 1, 1},
                                                       {"plan verify", 2500, 2600, 1, 1},
                                                       {"plan prepare", 7000, 7100, 3, 2},
                                                       {"plan commit", 7100, 7200, 3, 2},
                                                       {"plan verify", 7200, 7300, 3, 2}}),
                                         RuleSet::built_in());
  EXPECT_THAT(test::error_of([&] { plan_change_sides(whole, std::nullopt); }),
              HasSubstr("epoch 2: nothing ran before or after"))
      << "the last one, at which no kernel begins";
  const PlanChangeSides first = plan_change_sides(whole, 1);
  EXPECT_EQ(first.times.before, (TimeRange{0, 2000}));
  EXPECT_EQ(first.before.trace, whole.trace);
  const auto no_epoch = [&] { plan_change_sides(whole, 9); };
  EXPECT_THAT(test::error_of(no_epoch), AllOf(HasSubstr("no plan of epoch 9"), HasSubstr("1, 2")));
}

TEST(PlanChange, WithoutOneOrWithNothingAroundItIsAnError) {
  const CompareSide none = side_of(steps({100}));
  EXPECT_THAT(test::error_of([&] { plan_change_sides(none, std::nullopt); }),
              HasSubstr("no change of plan was recorded"));
  const CompareSide at_the_end = compare_side(with_changes({{"plan prepare", 0, 4000, 1, 1},
                                                            {"plan commit", 4000, 4100, 1, 1},
                                                            {"plan verify", 4100, 10'000, 1, 1}}),
                                              RuleSet::built_in());
  EXPECT_THAT(test::error_of([&] { plan_change_sides(at_the_end, std::nullopt); }),
              HasSubstr("before or after this change alone"));
}

TEST(FigureWords, EveryFigureOfTracesHasSome) {
  const CompareSide side = side_of(steps({100, 120, 110, 100, 130}));
  for (const Difference& row : compare_traces(side, side).differences)
    EXPECT_NE(figure_words(row.figure), row.figure);
}

}  // namespace
}  // namespace moescope
