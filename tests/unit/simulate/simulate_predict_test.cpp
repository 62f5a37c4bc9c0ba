// Schedules worked out by hand; predictions at their limits, and in the order they must have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.h"
#include "core/placement/eplb/eplb.h"
#include "core/simulate/predict.h"
#include "core/simulate/step/step_figures.h"
#include "core/simulate/step/step_model.h"
#include "tests/support/load_generator.h"
#include "tests/support/scenario_maker.h"

namespace moescope {
namespace {

using test::even_loads;
using test::load_set;
using test::rolling_plan;
using testing::Contains;
using testing::HasSubstr;

LayerStages stages(TimeNs attention, TimeNs dispatch, std::vector<TimeNs> experts, TimeNs combine) {
  LayerStages s;
  s.attention = attention;
  s.dispatch = dispatch;
  s.experts = std::move(experts);
  s.combine = combine;
  return s;
}

TEST(Schedule, OneMicroBatchIsTheSumWithTheSlowestGpu) {
  const auto one = stages(10, 5, {20, 30}, 7);
  EXPECT_EQ(run_step({{one}, {one}}, {0, 0}, false, 0, {}), 2 * (10 + 5 + 30 + 7));
  StepFigures figures(2);
  run_step({{one}}, {0, 0}, false, 100, [&](const StageSpan& s) { figures.add(s); });
  EXPECT_EQ(figures.of(0).wait, 10);  // until the other GPU's experts are done
  EXPECT_EQ(figures.of(1).wait, 0);
  EXPECT_EQ(figures.of(0).overlap, 0);
  EXPECT_EQ(figures.of(0).comm, 5 + 10 + 7);
  EXPECT_EQ(figures.of(0).span, 52);
}

/// Compute:        a a E E a a E E      attention 10, experts 20
/// communication:    D D C C D D C C    each 10: hidden but for the first and last
TEST(Schedule, TwoMicroBatchesHideCommunication) {
  const auto one = stages(10, 10, {20}, 10);
  // Layer 1: a0 0-10 a1 10-20 | D0 10-20 D1 20-30 | E0 20-40 E1 40-60 | C0 40-50 C1 60-70.
  // Layer 2: a0 60-70 a1 70-80 | D0 70-80 D1 80-90 | E0 80-100 E1 100-120 | C1 120-130.
  std::vector<TimeNs> ends;
  EXPECT_EQ(run_step({{one, one}, {one, one}}, {0}, false, 0, {}, &ends), 130);
  EXPECT_EQ(ends, (std::vector<TimeNs>{70, 130}));
  StepFigures figures(1);
  run_step({{one, one}, {one, one}}, {0}, false, 0, [&](const StageSpan& s) { figures.add(s); });
  EXPECT_EQ(figures.of(0).compute, 120);
  EXPECT_EQ(figures.of(0).exposed, 10);  // the last combine
}

/// Attention 40 of one micro-batch against dispatch, experts and combine (30) of the other.
TEST(Schedule, ExpertsBesideAttentionHideWithTheTransfers) {
  const auto one = stages(40, 10, {10}, 10);
  // a0 0-40 a1 40-80 | side of 0: 40-70, of 1: 80-110 | a0 80-120 a1 120-160 | side of 1: 160-190.
  EXPECT_EQ(run_step({{one, one}, {one, one}}, {0}, true, 0, {}), 190);
}

TEST(Schedule, DeadGpusTakeNoPart) {
  const auto one = stages(10, 5, {20, 3000}, 7);
  bool seen = false;
  EXPECT_EQ(run_step({{one}}, {0, 1}, false, 0, [&](const StageSpan& s) { seen |= s.gpu == 1; }),
            42);
  EXPECT_FALSE(seen);
}

struct Case : test::PredictCase {
  Prediction run() const {
    return predict(hardware, model, unit, plan, loads, options, no_progress());
  }
};

TEST(Predict, EvenLoadsOnAnEvenPlanByHand) {
  Case c;
  c.hardware = test::ideal("h800");
  c.unit.comm_sms = 0;
  c.unit.attention_tp = 1;
  c.plan = rolling_plan(32, 4, 256, 256, 3, 8);
  const auto p = c.run();
  ASSERT_EQ(p.layers.size(), 3U);
  const auto& layer = p.layers[1];
  EXPECT_NEAR(layer.imbalance, 1, 1e-12);
  EXPECT_FALSE(layer.memory_bound);
  // 4,096 tokens x 8 choices per GPU, 8 experts alike: 32,768 rows of 88.08 MFLOP at 1,979 TFLOPS.
  EXPECT_NEAR(layer.gpu_expert_ns[7], 32768 * 88'080'384.0 / 1979e12 * 1e9, 1);
  EXPECT_NEAR(layer.even_expert_ns, layer.gpu_expert_ns[7], 1);
  // Dispatch: 2.357 nodes x 4,096 x 7,392 B at 45 GB/s against NVLink copies at 160 GB/s.
  const double ib = 2.357142857 * 4096 * 7392 / 45e9 * 1e9;
  EXPECT_NEAR(layer.dispatch_ns, ib, ib * 1e-6);
  EXPECT_NEAR(layer.ib_bytes, 32 * 2.357142857 * 4096 * (7392 + 14336), 1e4);
  // Shared expert: the tokens of the GPU.
  EXPECT_NEAR(p.shared_ns, 4096 * 88'080'384.0 / 1979e12 * 1e9, 1);
  // Attention: 374.2 MFLOP a token at the FP8 peak, 128 x 320 x 2 x 2,048 keys at the BF16 peak.
  EXPECT_NEAR(p.attention_ns,
              4096 * (2 * 187'105'280.0 / 1979e12 + 2.0 * 128 * 320 * 2048 / 989.5e12) * 1e9, 2);
  EXPECT_EQ(p.attention_comm_ns, 0);
  EXPECT_FALSE(p.weights_dominate);
}

TEST(Predict, FewerCommunicationSmsNeverSlowComputeDown) {
  Case c;
  double last = 0;
  for (const int sms : {0, 10, 20, 40}) {
    c.unit.comm_sms = sms;
    const double attention = c.run().attention_ns;
    EXPECT_GE(attention, last) << sms;
    last = attention;
  }
}

/// DeepEP V1, EP16, 4,096 tokens: 3,674 us with 4 SMs, 749 us with 24.
TEST(Predict, FewSmsSlowCommunicationDown) {
  Case c;
  c.unit.comm_sms = 4;
  const auto few = c.run();
  c.unit.comm_sms = 24;
  EXPECT_GT(few.layers[0].dispatch_ns, 2 * c.run().layers[0].dispatch_ns);
}

TEST(Predict, FasterPartsAndBetterBalanceAreNeverSlower) {
  Case c;
  const double base = c.run().step_ns;
  for (const auto member :
       {&Hardware::fp8_tflops, &Hardware::memory_gb_per_s, &Hardware::bf16_tflops,
        &Hardware::nvlink_gb_per_s, &Hardware::ib_gb_per_s}) {
    Case faster;
    faster.hardware.*member *= 2;
    EXPECT_LE(faster.run().step_ns, base);
  }
  Case hot;
  for (auto& row : hot.loads.windows[0]) row[3] *= 20;
  EXPECT_GT(hot.run().step_ns, base);
  EXPECT_GT(hot.run().layers[0].imbalance, 1.5);
  EXPECT_GT(hot.run().even_gain_ns, 0);
  Case serial;
  serial.unit.micro_batches = 1;  // half the tokens, but nothing hidden
  EXPECT_GT(2 * serial.run().step_ns, base);
  EXPECT_EQ(serial.run().overlap.overlap, 0);
}

Case decode_case() {
  Case c;
  c.unit = load_unit("decode320");
  c.unit.shared_routed = false;
  c.plan = rolling_plan(320, 40, 320, 256, 3, 8);
  return c;
}

TEST(Predict, DecodeReadsWeightsAndSaysThatBalancingCannotHelp) {
  auto c = decode_case();
  c.unit.moe_sms = 0;         // experts on the main stream's SMs
  c.unit.tokens_per_gpu = 4;  // 40 tokens per expert are far below the crossover
  const auto p = c.run();
  EXPECT_TRUE(p.layers[0].memory_bound);
  EXPECT_EQ(p.layers[0].memory_bound_gpus, 320);
  EXPECT_GT(p.layers[0].imbalance, 1.1);  // the replicated experts have half
  EXPECT_TRUE(p.weights_dominate);
  EXPECT_THAT(p.notes, Contains(HasSubstr("balancing tokens cannot help")));
  auto busy = c;
  busy.unit.tokens_per_gpu = 400;  // far above
  EXPECT_FALSE(busy.run().weights_dominate);
}

TEST(Predict, ARoutedSharedExpertGetsEveryToken) {
  auto c = decode_case();
  c.plan = rolling_plan(320, 40, 320, 257, 3, 1);
  c.unit.shared_routed = true;
  const StepModel model({c.hardware, c.model, unit_on(c.unit, c.plan), c.plan}, c.loads.windows[0],
                        nullptr);
  EXPECT_NEAR(model.expected()[0][256], 320 * 24, 1e-6);
  const double all = std::accumulate(model.expected()[0].begin(), model.expected()[0].end(), 0.0);
  EXPECT_NEAR(all, 320.0 * 24 * 9, 1e-6);
  EXPECT_EQ(c.run().shared_ns, 0);
  EXPECT_GT(decode_case().run().shared_ns, 0);
}

/// 1,024 assignments a rank on 36 GPUs with EPLB's plan: Poisson noise alone lifts the excess from
/// 0.005 to 0.059.
TEST(Predict, BatchNoiseIsWhatWasMeasured) {
  const auto loads = test::r1_loads();
  Case c;
  c.plan = eplb_plan(loads, 288, 1, 1, 36);
  c.unit = unit_on(c.unit, c.plan);
  c.unit.tokens_per_gpu = 128;
  const StepModel model({c.hardware, c.model, c.unit, c.plan}, loads, nullptr);
  Random random(3);
  double excess = 0;
  constexpr int kDraws = 8;
  for (int k = 0; k < kDraws; ++k)
    for (const auto& tokens : model.draw(random)) {
      std::vector<double> gpu(36, 0.0);
      for (std::size_t s = 0; s < tokens.size(); ++s) gpu[s / 8] += tokens[s];
      excess += *std::max_element(gpu.begin(), gpu.end()) * 36 /
                    std::accumulate(gpu.begin(), gpu.end(), 0.0) -
                1;
    }
  EXPECT_NEAR(excess / 58 / kDraws, 0.059, 0.015);
}

/// Layers of large means are drawn side by side, each from its place in the stream of numbers.
TEST(Predict, ABatchTakesItsNumbersFromOneStream) {
  auto c = decode_case();
  c.loads = even_loads(3, 256);
  c.loads.windows[0][1].assign(256, 0);
  c.loads.windows[0][1][7] = 1000;   // one mean above and no other: the next layer begins early
  c.loads.windows[0][2][9] = 0.001;  // a small mean: as many numbers as it happens to take
  c.plan = rolling_plan(32, 4, 256, 256, 3, 8);
  c.unit = unit_on(c.unit, c.plan);
  c.unit.tokens_per_gpu = 128;
  const StepModel model({c.hardware, c.model, c.unit, c.plan}, c.loads.windows[0], nullptr);
  Random random(5), expected(5);
  const auto first = model.draw(random), second = model.draw(random);
  EXPECT_NE(first, second);
  Random again(5);
  EXPECT_EQ(model.draw(again), first);
  EXPECT_EQ(model.draw(again), second);
  EXPECT_EQ(again.next(), random.next());
  // The first layer's numbers are all pairs; the second one has one.
  const auto only = model.expected()[1][7];
  expected.skip(2 * 256);
  const double length = (static_cast<double>(expected.next() >> 11) + 0.5) / 9007199254740992.0;
  const double angle = (static_cast<double>(expected.next() >> 11) + 0.5) / 9007199254740992.0;
  EXPECT_EQ(first[1][7], std::round(only + std::sqrt(only) * std::sqrt(-2 * std::log(length)) *
                                               std::cos(2 * std::numbers::pi * angle)));
}

TEST(Predict, MoreTokensHaveLessNoise) {
  Case c;
  c.options.batches = 24;
  const auto relative = [&](double tokens) {
    c.unit.tokens_per_gpu = tokens;
    const auto p = c.run();
    return p.batch_noise_ns / p.step_ns;
  };
  EXPECT_GT(relative(512), relative(16384));
}

TEST(Predict, IsJudgedOnWindowsThatDidNotMakeThePlan) {
  EXPECT_EQ(judged_windows(6, std::pair(0, 4)).first, 4);
  EXPECT_TRUE(judged_windows(6, std::pair(0, 4)).held_out);
  EXPECT_EQ(judged_windows(6, std::pair(4, 6)).last, 4);
  EXPECT_FALSE(judged_windows(6, std::pair(0, 6)).held_out);
  EXPECT_FALSE(judged_windows(6, std::nullopt).held_out);
  Case c;
  auto later = c.loads.windows[0];
  for (auto& row : later) row[5] *= 30;
  c.loads.windows.push_back(later);
  c.options.made_from = std::pair(0, 1);
  const auto p = c.run();
  EXPECT_TRUE(p.held_out);
  EXPECT_EQ(p.first_window, 1);
  EXPECT_GT(p.layers[0].imbalance, 1.5);
  ASSERT_TRUE(p.drift_ns.has_value());
  EXPECT_GT(*p.drift_ns, 0);
  EXPECT_GT(p.error_ns(), p.batch_noise_ns);
  EXPECT_THAT(p.notes, Contains(HasSubstr("which the plan was not made from")));
}

TEST(Predict, GainsBelowTheNoiseAreSaidSo) {
  Case c;
  const auto same = c.plan;
  c.options.previous = &same;
  EXPECT_TRUE(c.run().gain_below_noise.value());
  EXPECT_EQ(c.run().move->copies, 0);
  for (auto& row : c.loads.windows[0]) row[100] *= 30;  // on one GPU only in the rolling plan
  auto spread = c.plan;
  for (auto& row : spread.physical_to_logical) row[280] = 100;
  c.plan = spread;
  const auto better = c.run();
  EXPECT_FALSE(better.gain_below_noise.value());
  EXPECT_LT(better.step_ns, *better.previous_ns);
  EXPECT_EQ(better.move->copies, 3);
}

TEST(Predict, RepeatsForTheSameSeed) {
  Case c;
  EXPECT_EQ(c.run().step_ns, c.run().step_ns);
  auto other = c;
  other.options.seed = 2;
  EXPECT_NE(other.run().step_ns, c.run().step_ns);
}

TEST(Predict, WithoutLoadAllExpertsAreAlike) {
  Case c;
  for (auto& v : c.loads.windows[0][1]) v = 0;
  const auto p = c.run();
  EXPECT_NEAR(p.layers[1].gpu_expert_ns[0], p.layers[0].gpu_expert_ns[0], 1);
  EXPECT_THAT(p.notes, Contains(HasSubstr("1 layers have no load")));
}

TEST(Predict, RefusesWhatDoesNotFit) {
  Case c;
  c.model = load_model_shape("olmoe-1b-7b");
  EXPECT_THROW(c.run(), Error);
  Case layers;
  layers.plan = rolling_plan(32, 4, 288, 256, 2, 8);
  EXPECT_THROW(layers.run(), Error);
  Case sms;
  sms.unit.comm_sms = 132;
  EXPECT_THROW(sms.run(), Error);
}

TEST(Predict, OneGpuSendsNothingOverTheNetwork) {
  Case c;
  c.model = load_model_shape("tiny");
  c.plan = rolling_plan(1, 1, 64, 64, 8, 8);
  c.loads = even_loads(8, 64);
  const auto p = c.run();
  EXPECT_EQ(p.layers[0].ib_bytes, 0);
  EXPECT_EQ(p.layers[0].remote_nodes_per_token, 0);
  EXPECT_GT(p.step_ns, 0);
}

}  // namespace
}  // namespace moescope
