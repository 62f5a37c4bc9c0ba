// One step among the others.
#include "core/analysis/steps/step_standing.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

/// Steps of one device by lengths; every third is prefill.
TraceSteps steps_of(const std::vector<TimeNs>& lengths) {
  TraceSteps steps;
  TimeNs t = 0;
  for (const TimeNs length : lengths) {
    TraceStep step;
    step.number = 3 + steps.steps.size();
    step.phase = steps.steps.size() % 3 == 0 ? "prefill" : "decode";
    step.range = {t, t + length};
    step.devices = {{{0, 0}, step.range, {}}, {{1, 0}, {t + 50, t + length + 50}, {}}};
    steps.steps.push_back(step);
    t += length;
  }
  return steps;
}

TEST(StepStanding, IsAmongTheStepsOfThePhase) {
  const TraceSteps steps = steps_of({900, 100, 102, 950, 180, 101, 910, 99, 100});
  const StepStanding slow = step_standing(steps, 4);
  EXPECT_EQ(slow.median, 100);
  EXPECT_DOUBLE_EQ(slow.over_percent, 80);
  EXPECT_EQ(slow.rank, 1U) << "prefill steps take longer, but are another phase";
  EXPECT_EQ(slow.of, 6U);
  EXPECT_TRUE(slow.outlier);
  const StepStanding usual = step_standing(steps, 8);
  EXPECT_EQ(usual.rank, 4U) << "180, 102 and 101 are longer; 100 is as long";
  EXPECT_FALSE(usual.outlier);
  EXPECT_EQ(step_standing(steps, 0).of, 3U);
}

TEST(StepStanding, FindsStepsByNumberAndByTime) {
  const TraceSteps steps = steps_of({100, 100, 100});
  EXPECT_EQ(step_of_number(steps, 4), 1U);
  EXPECT_FALSE(step_of_number(steps, 9));
  EXPECT_EQ(step_at(steps, {0, 0}, {90, 130}), 1U);
  EXPECT_EQ(step_at(steps, {1, 0}, {90, 130}), 0U) << "the second device is 50 ns late";
  EXPECT_EQ(step_at(steps, {0, 0}, {200, 200}), 2U) << "a mark without length";
  EXPECT_FALSE(step_at(steps, {0, 0}, {300, 310}));
  EXPECT_FALSE(step_at(steps, {2, 0}, {90, 130}));
}

}  // namespace
}  // namespace moescope
