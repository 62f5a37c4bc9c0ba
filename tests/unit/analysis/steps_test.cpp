// Steps of a trace, by annotations and by repetition, and their figures.
#include "core/analysis/steps/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/results.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using testing::ElementsAre;

TraceSteps steps_of(const TracePtr& trace) {
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  return find_steps(*trace, analysis->activity, analysis->scopes);
}

std::vector<TimeRange> ranges_of(const TraceSteps& steps) {
  std::vector<TimeRange> ranges;
  for (const TraceStep& step : steps.steps) ranges.push_back(step.range);
  return ranges;
}

/// A host annotation of 20 ns and a kernel that it launches.
void add_step(std::vector<MadeSpan>& spans, const std::string& name, TimeNs host, TimeNs kernel,
              TimeNs length, std::uint32_t correlation) {
  spans.push_back({name, host, 20, 1, SpanKind::Annotation});
  spans.push_back({"cudaLaunchKernel", host + 1, 2, 1, SpanKind::Runtime, correlation});
  spans.push_back({"gemm", kernel, length, 7, SpanKind::Kernel, correlation});
}

TEST(Steps, OfNumberedAnnotationsLieWhereTheirWorkRuns) {
  std::vector<MadeSpan> spans;
  add_step(spans, "ProfilerStep#7", 0, 100, 50, 1);
  add_step(spans, "ProfilerStep#8", 30, 160, 70, 2);
  spans.push_back({"ncclDevKernel_AllReduce", 140, 40, 8, SpanKind::Kernel});
  const TraceSteps steps = steps_of(make_trace(spans));
  ASSERT_EQ(steps.source, StepSource::Annotation);
  EXPECT_THAT(steps.how, testing::HasSubstr("ProfilerStep#"));
  EXPECT_THAT(ranges_of(steps), ElementsAre(TimeRange{100, 150}, TimeRange{160, 230}));
  EXPECT_EQ(steps.steps[0].number, 7U);
  const OverlapFigures& first = steps.steps[0].devices.at(0).figures;
  EXPECT_EQ(first.span, 50);
  EXPECT_EQ(first.comm, 10) << "the collective from 140 on";
  EXPECT_EQ(first.exposed, 0);
  EXPECT_EQ(steps.steps[1].exposed(), 0) << "from 150 to 160 there is no step";
}

TEST(Steps, OfOneRepeatedAnnotationAreItsOccurrences) {
  std::vector<MadeSpan> spans;
  add_step(spans, "execute_context_0(0)_generation_64(64)", 0, 100, 50, 1);
  add_step(spans, "execute_context_0(0)_generation_63(63)", 200, 300, 50, 2);
  add_step(spans, "execute_context_0(0)_generation_64(64)", 400, 500, 50, 3);
  const TraceSteps steps = steps_of(make_trace(spans));
  EXPECT_THAT(ranges_of(steps),
              ElementsAre(TimeRange{100, 150}, TimeRange{300, 350}, TimeRange{500, 550}));
  EXPECT_EQ(steps.steps[2].number, 2U);
}

TEST(Steps, PhasesComeFromTheNames) {
  std::vector<MadeSpan> spans;
  add_step(spans, "step[DECODE bs=64]", 0, 100, 50, 1);
  add_step(spans, "step[DECODE bs=32]", 200, 300, 90, 2);
  const TraceSteps steps = steps_of(make_trace(spans));
  ASSERT_EQ(steps.steps.size(), 2U);
  EXPECT_EQ(steps.steps[0].phase, "decode");
  const auto times = step_times(steps);
  ASSERT_EQ(times.size(), 1U);
  EXPECT_EQ(times[0].p50, 50);
  EXPECT_EQ(times[0].p95, 90);
}

/// `times` repetitions of four kernels, one of them twice.
std::vector<MadeSpan> repeated(int times, TimeNs period) {
  std::vector<MadeSpan> spans;
  for (int i = 0; i < times; ++i) {
    const TimeNs t = i * period;
    for (const auto& [name, at] :
         {std::pair{"embed", 0}, std::pair{"gemm", 10}, std::pair{"softmax", 20},
          std::pair{"gemm", 30}, std::pair{"sample", 40}})
      spans.push_back({name, t + at, 8, 7, SpanKind::Kernel});
  }
  return spans;
}

TEST(Steps, OfARepeatedSequenceOfKernels) {
  auto spans = repeated(5, 60);
  spans.insert(spans.begin(), {"warm up", 0, 1, 8, SpanKind::Kernel});
  const TraceSteps steps = steps_of(make_trace(spans));
  ASSERT_EQ(steps.source, StepSource::Repetition);
  EXPECT_THAT(ranges_of(steps),
              ElementsAre(TimeRange{0, 60}, TimeRange{60, 120}, TimeRange{120, 180},
                          TimeRange{180, 240}, TimeRange{240, 288}));
}

TEST(Steps, AreNotFoundWhereNothingRepeats) {
  EXPECT_TRUE(steps_of(make_trace({{"a", 0, 5}, {"b", 10, 5}, {"a", 20, 5}})).steps.empty());
  EXPECT_FALSE(steps_of(make_trace({})).source);
  std::vector<MadeSpan> shuffled;
  for (const auto& [name, at] : {std::pair{"a", 0}, std::pair{"b", 10}, std::pair{"c", 20},
                                 std::pair{"c", 30}, std::pair{"a", 40}, std::pair{"b", 50}})
    shuffled.push_back({name, at, 5, 7, SpanKind::Kernel});
  EXPECT_TRUE(steps_of(make_trace(shuffled)).steps.empty());
}

TEST(Steps, AnnotationsThatLeaveOutMostOfTheWorkAreNone) {
  std::vector<MadeSpan> spans;
  add_step(spans, "iteration 1", 0, 100, 10, 1);
  add_step(spans, "iteration 2", 200, 300, 10, 2);
  spans.push_back({"everything else", 400, 500, 7, SpanKind::Kernel});
  EXPECT_NE(steps_of(make_trace(spans)).source, StepSource::Annotation);
}

TEST(Steps, PartsOfALayerAreNotSteps) {
  std::vector<MadeSpan> spans;
  add_step(spans, "layer 1 decode", 0, 100, 50, 1);
  add_step(spans, "layer 1 decode", 200, 300, 50, 2);
  EXPECT_NE(steps_of(make_trace(spans)).source, StepSource::Annotation);
}

TEST(Steps, OutliersTakeMuchLongerThanTheMedian) {
  TraceSteps steps;
  for (const TimeNs length : {100, 102, 98, 101, 99, 180, 100})
    steps.steps.push_back({0, "", {0, length}, {}});
  EXPECT_THAT(steps.outliers(), ElementsAre(5U));
}

}  // namespace
}  // namespace moescope
