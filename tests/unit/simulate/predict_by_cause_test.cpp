// Predicted steps by cause: each moment has one, and they move as the settings say.
#include "core/simulate/what_if/predict_by_cause.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/load_generator.h"
#include "tests/support/scenario_maker.h"

namespace moescope {
namespace {

using test::even_loads;
using test::load_set;
using test::rolling_plan;

struct CauseCase : test::PredictCase {
  CausedPrediction run() const {
    return predict_by_cause(hardware, model, unit, plan, loads, options, no_progress());
  }
};

/// Half of the experts get three times the load of the others.
LoadSet skewed(int layers) {
  LoadSet loads = even_loads(layers, 256);
  for (auto& row : loads.windows[0])
    for (std::size_t e = 0; e < 128; ++e) row[e] *= 3;
  return loads;
}

void expect_step(const CausedPrediction& p, const char* what) {
  EXPECT_NEAR(p.causes.step_ns(), p.prediction.step_ns, 1) << what;
  for (std::size_t c = 0; c < kStepCauseCount; ++c)
    EXPECT_GE(p.causes.ns[c], 0) << what << ' ' << c;
  EXPECT_EQ(p.causes[StepCause::Untold], 0) << what;
}

TEST(PredictByCause, SumsToTheStepOfThePrediction) {
  for (const char* unit : {"prefill32", "decode144", "decode320", "decode8"}) {
    CauseCase c;
    c.unit = load_unit(unit);
    c.plan = rolling_plan(c.unit.gpus, c.unit.nodes, c.unit.slot_count, 256, 3, 1);
    c.unit.shared_routed = false;
    c.loads = skewed(3);
    c.options.batches = 3;
    const auto p = c.run();
    expect_step(p, unit);
    EXPECT_EQ(
        p.prediction.step_ns,
        predict(c.hardware, c.model, c.unit, c.plan, c.loads, c.options, no_progress()).step_ns)
        << unit << ": looking at it changes nothing";
    c.unit.micro_batches = 1;
    expect_step(c.run(), unit);
  }
}

TEST(PredictByCause, OfOneMicroBatchIsTheSumOfTheStages) {
  CauseCase c;
  c.unit.micro_batches = 1;
  c.loads = skewed(3);
  const auto p = c.run();
  double mean = 0, slowest = 0, dispatch = 0, combine = 0, floors = 0;
  for (const auto& layer : p.prediction.layers) {
    mean += layer.expert_mean_ns;
    slowest += layer.expert_ns;
    dispatch += layer.dispatch_ns;
    combine += layer.combine_ns;
    floors += layer.expert_floor_ns;
  }
  ASSERT_GT(slowest, mean * 1.05);
  // Nothing overlaps; times are whole ns a stage.
  EXPECT_NEAR(p.causes[StepCause::Experts], mean - floors, 20);
  EXPECT_NEAR(p.causes[StepCause::Waiting], slowest - mean, 20);
  EXPECT_NEAR(p.causes[StepCause::Dispatch], dispatch, 20);
  EXPECT_NEAR(p.causes[StepCause::Combine], combine, 20);
  EXPECT_GT(p.causes[StepCause::Floors], floors);
}

TEST(PredictByCause, EvenLoadsWaitForNobody) {
  CauseCase c;
  c.plan = rolling_plan(32, 4, 256, 256, 3, 8);
  c.hardware = test::ideal("h800");  // time in proportion to tokens
  const auto even = c.run();
  c.loads = skewed(3);
  const auto uneven = c.run();
  // What is left is the chance of single batches: 4,096 tokens x 8 on a GPU scatter by 0.6 %.
  EXPECT_LT(even.causes[StepCause::Waiting], 0.02 * even.prediction.step_ns);
  EXPECT_GT(uneven.causes[StepCause::Waiting], 5 * even.causes[StepCause::Waiting]);
}

TEST(PredictByCause, MoreSmsExposeLessTransferUntilExpertsSlowDown) {
  CauseCase c;
  c.options.batches = 2;
  const auto with = [&](int sms) {
    c.unit.comm_sms = sms;
    return c.run().causes;
  };
  const auto few = with(8), some = with(20), many = with(60);
  const auto exposed = [](const StepCauses& causes) {
    return causes[StepCause::Dispatch] + causes[StepCause::Combine];
  };
  EXPECT_LT(exposed(some), exposed(few));
  EXPECT_LE(exposed(many), exposed(some));
  EXPECT_GT(many[StepCause::Experts], 1.2 * some[StepCause::Experts]);
  EXPECT_GT(many.step_ns(), some.step_ns());
}

TEST(PredictByCause, FloorsAreLaunchesAndShrinkWithThem) {
  CauseCase c;
  c.hardware = test::ideal("h800");
  EXPECT_EQ(c.run().causes[StepCause::Floors], 0) << "a machine without overheads";
  c.hardware.kernel_overhead_us = 3;
  c.unit.attention_tp = 1;
  c.unit.micro_batches = 1;
  c.model.dense_layers = 1;
  // A MoE layer: attention 5 kernels, gate 2, shared expert 3, experts 3; a dense one 5 and 3.
  EXPECT_NEAR(c.run().causes[StepCause::Floors], 3e3 * (3 * 13 + 8), 5);
}

TEST(PredictByCause, TheCallersVisitorSeesEveryBatch) {
  CauseCase c;
  c.options.batches = 2;
  int last = -1, spans = 0;
  c.options.visit = [&](int batch, const StageSpan&) {
    EXPECT_GE(batch, last);
    last = batch;
    ++spans;
  };
  c.run();
  EXPECT_EQ(last, 1);
  EXPECT_GT(spans, 2 * 32 * 3 * 4);
}

TEST(PredictByCause, ThePlanBeforeIsNotCounted) {
  CauseCase c;
  const Plan before = rolling_plan(32, 4, 256, 256, 3, 8);
  c.options.previous = &before;
  expect_step(c.run(), "with a previous plan");
}

TEST(PredictByCause, ADeadGpuHasNoTime) {
  CauseCase c;
  c.plan.dead_gpus = {5};
  for (auto& row : c.plan.physical_to_logical)
    for (int s = 5 * 9; s < 6 * 9; ++s) row[static_cast<std::size_t>(s)] = -1;
  for (auto& row : c.plan.physical_to_logical)
    for (int e = 0; e < 9; ++e) row[static_cast<std::size_t>(256 + e)] = 45 + e;
  expect_step(c.run(), "with a dead GPU");
}

}  // namespace
}  // namespace moescope
