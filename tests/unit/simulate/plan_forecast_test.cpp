// What a plan is predicted to do on a running engine, against figures worked out by hand.
#include "core/simulate/plan_forecast.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/analysis/serving/step_traffic.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr TimeNs kMilli = 1'000'000;
constexpr int kSteps = 80, kTokens = 80'000;

void add(SpanBatch& batch, TraceBuilder& builder, const char* name, TimeNs start, TimeNs duration,
         const std::string& args) {
  batch.add({start, duration, builder.strings().intern(name), 0, 0, SpanKind::Kernel, 0}, args);
}

/// Decode steps of 100 ms with 80,000 tokens each. An expert takes 2 ms per token; a step sends
/// 8,000,000 bytes between nodes and 4,000,000 inside them.
struct Engine {
  RunningEngine running;
  LoadSet loads;

  Engine() {
    TraceBuilder builder;
    const auto process = builder.add_process({.label = "rank 0", .rank = 0});
    builder.add_device({.process = process, .index = 0, .name = "CPU workers", .sm_count = 1});
    const auto track = builder.add_track({process, TrackType::DeviceStream, 0, 0, "compute"});
    SpanBatch batch;
    for (int s = 0; s < kSteps; ++s) {
      const TimeNs begin = s * 100 * kMilli;
      running.steps.push_back(
          {true, static_cast<std::uint32_t>(s), begin, begin + 100 * kMilli, 10, kTokens});
      const std::string phase = fmt::format(R"({{"phase":"decode","step":{})", s);
      add(batch, builder, "dispatch", begin, kMilli,
          phase + R"(,"nvlink_bytes":1000000,"ib_bytes":2000000})");
      const int tokens = 1 + s % 5;
      add(batch, builder, "experts", begin + 10 * kMilli, tokens * 2 * kMilli,
          phase + fmt::format(R"(,"tokens":{}}})", tokens));
      add(batch, builder, "combine", begin + 50 * kMilli, kMilli,
          phase + R"(,"nvlink_bytes":3000000,"ib_bytes":6000000})");
      // Of the other unit, and of no step: not counted.
      add(batch, builder, "dispatch", begin + 60 * kMilli, kMilli,
          R"({"phase":"prefill","ib_bytes":77000000})");
    }
    add(batch, builder, "dispatch", kSteps * 100 * kMilli + 1, kMilli,
        R"({"phase":"decode","ib_bytes":99000000})");
    builder.append(track, std::move(batch));
    running.trace = builder.snapshot();
    running.range = {0, kSteps * 100 * kMilli};
    running.workers = 1;
    running.overlap = false;

    loads.experts = 64;
    loads.unit = "decode";
    loads.source = "test";
    LayerLoads window(8, std::vector<double>(64, 1));
    for (auto& layer : window)
      for (std::size_t e = 0; e < 8; ++e) layer[e] = 9;
    loads.windows = {window, window};
    running.plan = plan([](int slot) { return slot; });
    set_loads();
  }
  void set_loads() { running.loads = {std::make_shared<const LoadSet>(loads)}; }

  /// 64 experts on 8 GPUs of 2 nodes, 8 layers.
  template <typename ExpertOf>
  static Plan plan(ExpertOf expert_of) {
    Plan made;
    made.num_gpus = 8;
    made.num_nodes = 2;
    made.num_groups = 8;
    made.num_experts = 64;
    made.physical_to_logical.assign(8, {});
    for (auto& row : made.physical_to_logical)
      for (int s = 0; s < 64; ++s) row.push_back(expert_of(s));
    return made;
  }
  /// One hot expert a GPU: 16 of 128 tokens on each. In order GPU 0 has 72 of them.
  static Plan spread() {
    return plan([](int slot) { return slot % 8 * 8 + slot / 8; });
  }
  PlanEffect forecast(const Plan& next) const {
    Progress progress;
    return forecast_plan(running, next, progress);
  }
};

/// Work of a rank besides its experts, in the unit of their loads, 5,000 tokens of an expert
/// (12,288 operations each), for each of 8 MoE layers. The rank has 10,000 tokens:
constexpr double kOther = 2 * 1.0                         // the shared expert
                          + 2 * 31744.0 / 12288 * 10 / 8  // projections of attention, 10 layers
                          + 2 * 8192.0 / 12288            // the gate
                          + 2 * 49152.0 / 12288 * 2 / 8;  // dense blocks, 2 layers

TEST(DecodeTraffic, CountsBytesOfDecodeStepsForEachToken) {
  const Engine e;
  const Classification classes(*e.running.trace, RuleSet::built_in());
  const auto traffic = decode_traffic(*e.running.trace, classes, e.running.steps,
                                      {{0, 400 * kMilli}, {400 * kMilli, 450 * kMilli}});
  ASSERT_TRUE(traffic[0]);
  EXPECT_DOUBLE_EQ(traffic[0]->between_nodes, 100);
  EXPECT_DOUBLE_EQ(traffic[0]->inside_nodes, 50);
  EXPECT_FALSE(traffic[1]) << "no whole step lies in it";
}

TEST(PlanForecast, OfTheSamePlanChangesNothingAndIsNoise) {
  const Engine e;
  const auto effect = e.forecast(e.running.plan);
  EXPECT_DOUBLE_EQ(*effect.imbalance.before, 4.5);
  EXPECT_DOUBLE_EQ(*effect.imbalance.predicted, 4.5);
  EXPECT_DOUBLE_EQ(*effect.decode_step.before, 1e8);
  EXPECT_DOUBLE_EQ(*effect.decode_step.predicted, 1e8);
  EXPECT_DOUBLE_EQ(*effect.node_traffic.before, 100);
  EXPECT_DOUBLE_EQ(*effect.node_traffic.predicted, 100);
  EXPECT_DOUBLE_EQ(*effect.rank_traffic.predicted, 50);
  EXPECT_TRUE(*effect.decode_step.below_noise());
  EXPECT_THAT(effect.fitted, Contains(HasSubstr("gemm_efficiency")));
}

TEST(PlanForecast, TheHottestRankSetsTheStepWhereRanksHaveTheirOwnCores) {
  const Engine e;
  const auto effect = e.forecast(Engine::spread());
  EXPECT_DOUBLE_EQ(*effect.imbalance.predicted, 1);
  EXPECT_NEAR(*effect.decode_step.predicted, 1e8 * (16 + kOther) / (72 + kOther), 3e5);
  EXPECT_FALSE(*effect.decode_step.below_noise());
}

TEST(PlanForecast, ATokenIsSentOnceToEachRankThatHasItsExperts) {
  const Engine e;
  const auto effect = e.forecast(Engine::spread());
  // In order, a rank holds a group: a token of 4 groups goes to 4 ranks. Spread, a rank holds one
  // of 8 experts of each group, so that n experts of a group are on n ranks: fewest in all with 2
  // of each group, most with 5, 1, 1 and 1.
  const double least = 8 * (1 - std::pow(6.0 / 8, 4));
  const double most = 8 * (1 - 3.0 / 8 * std::pow(7.0 / 8, 3));
  for (const auto& [figure, before] :
       {std::pair{effect.node_traffic, 100.0}, {effect.rank_traffic, 50.0}}) {
    EXPECT_GE(*figure.predicted, before * least / 4);
    EXPECT_LE(*figure.predicted, before * most / 4);
  }
  EXPECT_FALSE(*effect.node_traffic.below_noise());
}

TEST(PlanForecast, RanksThatShareCoresGainLess) {
  Engine e;
  // 2 units x 8 ranks x 1 worker on 8 cores: max(72 / 2, 16) -> max(16 / 2, 16).
  e.running.cores = 8;
  EXPECT_NEAR(*e.forecast(Engine::spread()).decode_step.predicted, 1e8 * (1 - 20 / (72 + kOther)),
              3e5);
  // On 2 cores all work takes its time on whichever core.
  e.running.cores = 2;
  const auto crowded = e.forecast(Engine::spread());
  EXPECT_NEAR(*crowded.decode_step.predicted, 1e8, 1e6);
  EXPECT_TRUE(*crowded.decode_step.below_noise());
  EXPECT_THAT(crowded.notes, Contains(HasSubstr("16 workers share 2 cores")));
}

TEST(PlanForecast, ScatterOfTheStepsBeforeIsPartOfTheErrorBar) {
  Engine e;
  const double quiet = *e.forecast(Engine::spread()).decode_step.error;
  for (std::size_t s = 0; s < kSteps / 2; ++s) e.running.steps[s].end -= 60 * kMilli;
  const auto noisy = e.forecast(Engine::spread());
  EXPECT_DOUBLE_EQ(*noisy.decode_step.before, 7e7);
  EXPECT_NEAR(*noisy.decode_step.error - quiet, 3e7, 1e6);  // 40 ms in one half, 100 in the other
}

TEST(PlanForecast, DriftOfTheLoadsIsPartOfTheErrorBars) {
  Engine e;
  const auto steady = e.forecast(Engine::spread());
  EXPECT_DOUBLE_EQ(*steady.imbalance.error, 0);
  for (auto& layer : e.loads.windows[1]) layer[1] = 25;  // 32 of 144 on one GPU
  e.set_loads();
  const auto drifting = e.forecast(Engine::spread());
  // Windows alone: 1 and 32 * 8 / 144; half their distance.
  EXPECT_NEAR(*drifting.imbalance.error, (32 * 8 / 144.0 - 1) / 2, 1e-9);
  EXPECT_GT(*drifting.decode_step.error, *steady.decode_step.error);
}

TEST(PlanForecast, SaysWhyAFigureIsMissing) {
  Engine e;
  e.loads.experts = 60;
  for (auto& window : e.loads.windows)
    for (auto& layer : window) layer.resize(60);
  e.set_loads();
  auto plan = Engine::plan([](int slot) { return slot % 60; });
  plan.num_experts = 60;
  e.running.plan = plan;
  auto effect = e.forecast(plan);
  EXPECT_TRUE(effect.imbalance.predicted);
  EXPECT_TRUE(effect.decode_step.before);
  EXPECT_FALSE(effect.decode_step.predicted);
  EXPECT_FALSE(effect.decode_step.below_noise());
  EXPECT_THAT(effect.notes, Contains(HasSubstr("no known model has 60 experts")));
  e.running.steps.clear();
  e.running.loads.clear();
  effect = e.forecast(plan);
  EXPECT_FALSE(effect.decode_step.before);
  EXPECT_FALSE(effect.imbalance.predicted);
  EXPECT_THAT(effect.notes, Contains(HasSubstr("no decode steps")));
}

TEST(PlanForecast, CanBeCancelled) {
  const Engine e;
  Progress progress;
  progress.cancel();
  EXPECT_THROW(forecast_plan(e.running, Engine::spread(), progress), Cancelled);
}

}  // namespace
}  // namespace moescope
