// Recorded steps by cause, as far as a trace tells them.
#include "core/analysis/steps/step_causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/results.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using testing::Contains;
using testing::HasSubstr;

std::optional<MeasuredStep> measured(std::vector<MadeSpan> spans, const std::string& phase = "") {
  const auto trace = make_trace(std::move(spans));
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto steps = find_steps(*trace, analysis->activity, analysis->scopes);
  return measure_step(*trace, *analysis->classes, steps, phase);
}

/// A step that launches `kernels`, whose correlations are made to be its own.
void add_step(std::vector<MadeSpan>& spans, int number, TimeNs at, std::vector<MadeSpan> kernels) {
  spans.push_back({"ProfilerStep#" + std::to_string(number), at, 5, 1, SpanKind::Annotation});
  std::uint32_t correlation = static_cast<std::uint32_t>(number) * 100;
  for (auto& kernel : kernels) {
    kernel.start += at;
    kernel.correlation = ++correlation;
    spans.push_back({"cudaLaunchKernel", at + 1, 1, 1, SpanKind::Runtime, correlation});
    spans.push_back(std::move(kernel));
  }
}

const std::vector<MadeSpan> kStep = {
    {"flash_fwd_kernel", 10, 30, 7},                 // 10-40 attention
    {"deep_ep::internode_ll::dispatch", 30, 30, 8},  // 30-60: 40-60 exposed
    {"deep_gemm::m_grouped_gemm", 60, 40, 7},        // 60-100
    {"deep_ep::internode_ll::combine", 90, 30, 8},   // 90-120: 100-120 exposed
    {"ncclDevKernel_AllReduce", 130, 10, 8},         // 120-130 nothing
};

TEST(StepCauses, OfARecordedStepGiveEachMomentOneCause) {
  std::vector<MadeSpan> spans;
  for (const int number : {1, 2}) add_step(spans, number, 400 * number, kStep);
  const auto step = measured(spans);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->causes[StepCause::Attention], 30);
  EXPECT_EQ(step->causes[StepCause::Dispatch], 20);
  EXPECT_EQ(step->causes[StepCause::Experts], 40);
  EXPECT_EQ(step->causes[StepCause::Combine], 20);
  EXPECT_EQ(step->causes[StepCause::Untold], 20) << "nothing for 10, another collective for 10";
  EXPECT_EQ(step->causes[StepCause::Floors], 0);
  EXPECT_EQ(step->causes.step_ns(), 130);
  EXPECT_THAT(step->notes, Contains(HasSubstr("nothing on the GPU 10.0 ns")));
  EXPECT_THAT(step->notes, Contains(HasSubstr("other than dispatch and combine 10.0 ns")));
  EXPECT_THAT(step->notes, Contains(HasSubstr("no kernel of the trace only waits")));
}

TEST(StepCauses, WaitingIsThatOfKernelsThatOnlyWait) {
  std::vector<MadeSpan> spans;
  auto kernels = kStep;
  kernels.back() = {"deep_ep::intranode::notify_dispatch", 120, 20, 8};
  for (const int number : {1, 2}) add_step(spans, number, 400 * number, kernels);
  const auto step = measured(spans);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->causes[StepCause::Waiting], 20);
  EXPECT_EQ(step->causes[StepCause::Untold], 0);
}

TEST(StepCauses, TheMedianStepStandsForItsPhaseAndTheOthersAreItsSpread) {
  std::vector<MadeSpan> spans;
  TimeNs at = 0;
  int number = 1;
  for (const TimeNs gap : {0, 5, 10, 40, 90}) {
    auto kernels = kStep;
    kernels.back().start += gap;
    add_step(spans, number++, at, kernels);
    at += 400;
  }
  const auto step = measured(spans, "decode");
  ASSERT_TRUE(step) << "annotations have no phase: all count";
  EXPECT_EQ(step->number, 3U);
  EXPECT_EQ(step->steps, 5U);
  EXPECT_EQ(step->causes.step_ns(), 140);
  EXPECT_NEAR(step->spread_ns, 1.4826 * 10, 1e-9);
}

TEST(StepCauses, WithoutStepsThereIsNothing) {
  EXPECT_FALSE(measured({{"flash_fwd_kernel", 10, 30, 7}}));
}

TEST(StepCauses, EveryCauseHasWords) {
  for (std::size_t c = 0; c < kStepCauseCount; ++c) {
    const auto& words = words_of(static_cast<StepCause>(c));
    EXPECT_NE(std::string(words.key), "");
    EXPECT_NE(std::string(words.name), "");
    EXPECT_NE(std::string(words.meaning), "");
  }
}

}  // namespace
}  // namespace moescope
