// Other settings for the same files: what they give, what stands in, and what cannot be.
#include "core/simulate/what_if/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/results.h"
#include "core/error.h"
#include "core/simulate/simulate.h"
#include "core/simulate/step/step_model.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/support/scenario_maker.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::load_set;
using test::rolling_plan;
using testing::Contains;
using testing::HasSubstr;

class WhatIfTest : public testing::Test {
 protected:
  WhatIfCase made() { return make_case(settings, files, plans, no_progress()); }
  CausedPrediction predicted() { return predict_case(made(), no_progress()); }
  std::string refused() {
    try {
      made();
    } catch (const Error& e) {
      return e.what();
    }
    return "nothing";
  }
  /// Loads of 3 layers in which a few experts are hot.
  static std::shared_ptr<const LoadSet> hot_loads() {
    auto loads = test::even_loads(3, 256);
    for (auto& row : loads.windows[0])
      for (std::size_t e = 0; e < 256; e += 37) row[e] *= 12;
    return std::make_shared<const LoadSet>(std::move(loads));
  }
  static std::shared_ptr<const Plan> open_plan() {
    return std::make_shared<const Plan>(rolling_plan(32, 4, 288, 256, 3, 8));
  }

  WhatIf settings;
  WhatIfFiles files;
  UnitPlans plans;
};

TEST_F(WhatIfTest, WithoutFilesItIsTheUnitWithEvenLoads) {
  const auto made = this->made();
  EXPECT_EQ(made.unit.gpus, 144);
  EXPECT_EQ(made.plan.layers(), 58);
  EXPECT_EQ(made.plan.num_experts, 256);
  EXPECT_FALSE(made.given_plan);
  EXPECT_FALSE(made.given_loads);
  EXPECT_EQ(made.rule, ReplicaRule::Even);
  EXPECT_THAT(made.notes, Contains(HasSubstr("equal loads")));
  EXPECT_THAT(case_text(made),
              HasSubstr("decode of deepseek-v3 on 144 GPUs (h800), 288 slots, 64 tokens"));
}

TEST_F(WhatIfTest, SettingsChangeTheUnit) {
  settings.gpus = 72;
  settings.redundant = 32;
  settings.comm_sms = 24;
  settings.tokens_per_gpu = 96;
  settings.library = CommLibrary::DeepepV2;
  const auto unit = unit_of(settings, files);
  EXPECT_EQ(unit.gpus, 72);
  EXPECT_EQ(unit.nodes, 9);
  EXPECT_EQ(unit.slot_count, 288);
  EXPECT_EQ(unit.comm_sms, 24);
  EXPECT_EQ(unit.tokens_per_gpu, 96);
  EXPECT_EQ(unit.library, CommLibrary::DeepepV2);
  EXPECT_EQ(made().plan.num_gpus, 72);
}

TEST_F(WhatIfTest, TheOpenPlanGivesTheMachineUntilASettingChangesIt) {
  settings.unit = "prefill32";
  files.plan = open_plan();
  files.loads = hot_loads();
  EXPECT_TRUE(made().given_plan);
  EXPECT_EQ(made().plan.physical_to_logical, files.plan->physical_to_logical);
  EXPECT_EQ(unit_of(settings, files).gpus, 32);
  settings.redundant = 64;
  const auto other = made();
  EXPECT_FALSE(other.given_plan);
  EXPECT_EQ(other.plan.slot_count(), 320);
  EXPECT_THAT(other.notes, Contains(HasSubstr("the open plan is of 32 GPUs and 288 slots")));
  settings.redundant.reset();
  settings.given_plan = false;
  EXPECT_NE(made().plan.physical_to_logical, files.plan->physical_to_logical);
}

TEST_F(WhatIfTest, AnotherModelThanTheFilesHasEvenLoads) {
  settings.model = "qwen3-30b-a3b";
  settings.unit = "decode8";
  files.plan = open_plan();
  files.loads = hot_loads();
  settings.redundant = 8;
  const auto made = this->made();
  EXPECT_FALSE(made.given_plan);
  EXPECT_FALSE(made.given_loads);
  EXPECT_THAT(made.notes, Contains(HasSubstr("even loads stand in")));
  EXPECT_EQ(made.plan.num_experts, 128);
}

TEST_F(WhatIfTest, AMadePlanBalancesAndARuleCanUndoIt) {
  settings.unit = "prefill32";
  files.loads = hot_loads();
  const double even = predicted().causes[StepCause::Waiting];
  settings.rule = ReplicaRule::SglangStatic;
  const auto ruled = made();
  EXPECT_FALSE(ruled.plan.replica_weight.empty());
  EXPECT_GT(predict_case(ruled, no_progress()).causes[StepCause::Waiting], 1.5 * even);
}

TEST_F(WhatIfTest, PlansAreMadeOnce) {
  files.loads = hot_loads();
  settings.unit = "prefill32";
  const auto unit = unit_of(settings, files);
  const auto model = load_model_shape("deepseek-v3");
  const auto first = plans.plan(unit, model, files.loads, no_progress());
  EXPECT_EQ(plans.plan(unit, model, files.loads, no_progress()), first);
  EXPECT_NE(plans.plan(unit, model, hot_loads(), no_progress()), first) << "other loads";
  EXPECT_EQ(plans.even(model), plans.even(model));
  EXPECT_NE(plans.even(model), plans.even(model, 3));
}

TEST_F(WhatIfTest, WhatCannotBeSaysWhy) {
  settings.gpus = 33;
  EXPECT_THAT(refused(), HasSubstr("33 GPUs are no whole nodes of 8"));
  settings.gpus = 144;
  settings.redundant = 33;
  EXPECT_THAT(refused(), HasSubstr("289 slots do not divide over 144 GPUs"));
  settings.redundant = 0;
  settings.gpus = 128;
  settings.comm_sms = 132;
  EXPECT_THROW(predicted(), Error);
  settings = {};
  settings.unit = "decode8";
  settings.model = "tiny";
  settings.redundant = -8;
  EXPECT_THROW(made(), Error);
  settings = {};
  settings.hardware = "abacus";
  EXPECT_THROW(made(), Error);
}

TEST_F(WhatIfTest, WhatDoesNotFitInMemoryIsPredictedAndTold) {
  settings.gpus = 8;
  const auto p = predicted();
  EXPECT_FALSE(p.prediction.memory.fits());
  EXPECT_THAT(p.prediction.notes, Contains(HasSubstr("a GPU needs")));
}

TEST_F(WhatIfTest, ACancelledAnswerKeepsNothing) {
  files.loads = hot_loads();
  Progress cancelled;
  cancelled.cancel();
  EXPECT_THROW(make_case(settings, files, plans, cancelled), Cancelled);
  EXPECT_EQ(made().plan.num_gpus, 144);
}

TEST_F(WhatIfTest, SweepsOverSmsBeginWithNoneWhereTransfersHoldNone) {
  const auto decode = sweep_case(settings, files, plans, SweepOver::CommSms, {}, no_progress());
  EXPECT_EQ(decode.points.front().value, 0);
  EXPECT_EQ(decode.points.back().value, 48);
  settings.unit = "prefill32";
  const auto prefill = sweep_case(settings, files, plans, SweepOver::CommSms, {}, no_progress());
  EXPECT_EQ(prefill.points.front().value, 4);
  EXPECT_TRUE(prefill.best);
  EXPECT_THAT(prefill.reason, HasSubstr("shortest"));
}

TEST_F(WhatIfTest, ASweepHasTheStepsOfItsSettings) {
  settings.unit = "prefill32";
  files.plan = open_plan();
  files.loads = hot_loads();
  const auto sweep =
      sweep_case(settings, files, plans, SweepOver::Redundant, {32, 64, 33}, no_progress());
  ASSERT_EQ(sweep.points.size(), 2U);
  EXPECT_THAT(sweep.skipped, Contains(HasSubstr("289 slots do not divide")));
  auto asked = made();
  asked.options.made_from.reset();
  EXPECT_NEAR(sweep.points[0].step_ns, predict_case(asked, no_progress()).prediction.step_ns, 1)
      << "the open plan where it fits";
}

TEST_F(WhatIfTest, ATraceOfTheStepIsMarkedAsSimulated) {
  settings.unit = "prefill8";
  files.loads = nullptr;
  const test::TempFolder folder;
  const auto path = folder / "case.moetrace";
  const auto ns = write_case_trace(made(), path.string(), no_progress());
  const auto trace = open_moetrace(path);
  EXPECT_EQ(trace->range().length(), ns);
  EXPECT_TRUE(trace->info().extra.contains(kSimulatedFact));
  EXPECT_THROW(write_case_trace(made(), "/no/such/folder/x.moetrace", no_progress()), Error);
}

/// What is predicted and what is measured have the same definitions: floors apart, a simulated
/// trace is measured as it was predicted.
TEST_F(WhatIfTest, ASimulatedTraceIsMeasuredByTheCausesThatWerePredicted) {
  settings.unit = "prefill8";
  settings.redundant = 8;
  auto loads = test::even_loads(4, 256);
  for (auto& row : loads.windows[0])
    for (std::size_t e = 0; e < 20; ++e) row[e] *= 4;
  files.loads = std::make_shared<const LoadSet>(std::move(loads));
  files.plan = std::make_shared<const Plan>(rolling_plan(8, 1, 264, 256, 4, 8));
  const auto asked = made();
  ASSERT_TRUE(asked.given_plan);
  ASSERT_EQ(asked.unit.attention_tp, 1);
  const auto predicted = predict_case(asked, no_progress());
  const test::TempFolder folder;  // read from until the end
  const auto path = folder / "measured.moetrace";
  {
    const Scenario scenario{asked.hardware, asked.model, asked.unit, asked.plan};
    const StepModel model(scenario, asked.loads->windows[0], nullptr);
    MoetraceWriter writer(path.string());
    simulate_steps(scenario, model, 3, 1, &writer, no_progress());
    writer.finish(no_progress());
  }
  const auto trace = open_moetrace(path);
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const auto measured =
      measure_step(*trace, *analysis->classes,
                   find_steps(*trace, analysis->activity, analysis->scopes), "prefill");
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->devices, 8U);
  const double step = predicted.prediction.step_ns, near = 0.01 * step;
  EXPECT_NEAR(measured->causes.step_ns(), step, near);
  for (const auto cause : {StepCause::Waiting, StepCause::Dispatch, StepCause::Combine})
    EXPECT_NEAR(measured->causes[cause], predicted.causes[cause], near) << words_of(cause).name;
  EXPECT_NEAR(measured->causes[StepCause::Attention] + measured->causes[StepCause::Experts],
              predicted.causes[StepCause::Attention] + predicted.causes[StepCause::Experts] +
                  predicted.causes[StepCause::Floors],
              near);
  EXPECT_GT(predicted.causes[StepCause::Waiting], 3 * near) << "the plan is uneven";
}

}  // namespace
}  // namespace moescope
