// Forecasts of imbalance, against windows that neither the plan nor the forecast has seen.
#include "core/analysis/serving/imbalance_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/analysis/serving/plan_effect.h"
#include "core/placement/evaluate.h"
#include "core/placement/solve/solve.h"
#include "tests/support/load_generator.h"
#include "tests/support/small_plan.h"
#include "tests/support/solve_machine.h"

namespace moescope {
namespace {

using test::one_layer_plan;

using Sets = std::vector<std::shared_ptr<const LoadSet>>;

constexpr int kLayers = 6, kExperts = 64, kGpus = 8, kSlots = 72, kWindows = 8;

/// Tokens of windows as a gate gives them: popularities that drift, drawn token by token (here with
/// the variance of such draws).
LoadSet drifting_loads(std::uint64_t seed, int windows, double drift, double tokens) {
  LoadSet set;
  set.experts = kExperts;
  test::LoadRandom random(seed);
  std::vector<std::vector<double>> popularity(kLayers, std::vector<double>(kExperts));
  for (auto& layer : popularity)
    for (double& p : layer) p = 0.8 * random.gauss();
  for (int w = 0; w < windows; ++w) {
    LayerLoads loads;
    for (auto& layer : popularity) {
      double sum = 0;
      for (double& p : layer) sum += std::exp(p += drift * random.gauss());
      auto& row = loads.emplace_back();
      for (const double p : layer) {
        const double mean = tokens * std::exp(p) / sum;
        row.push_back(std::max(0.0, std::round(mean + std::sqrt(mean) * random.gauss())));
      }
    }
    set.windows.push_back(std::move(loads));
  }
  return set;
}

Sets part(const LoadSet& set, int first, int last) {
  LoadSet cut = set;
  cut.windows.assign(set.windows.begin() + first, set.windows.begin() + last);
  return {std::make_shared<const LoadSet>(std::move(cut))};
}

Plan solved_on(const Sets& sets) {
  const LoadSet& set = *sets.front();
  auto options = test::machine(kGpus, kSlots);
  Progress progress;
  return solve_plan({sum_windows(set, 0, static_cast<int>(set.windows.size()))}, options, progress)
      .plan;
}

/// max/mean by window and layer, worked out here.
double measured(const Sets& sets, const Plan& plan) {
  double sum = 0;
  int count = 0;
  for (const LayerLoads& window : sets.front()->windows)
    for (std::size_t l = 0; l < window.size(); ++l, ++count) {
      const auto loads = gpu_loads(plan.physical_to_logical[l], window[l], plan.num_gpus);
      double most = 0, all = 0;
      for (const double load : loads) most = std::max(most, load), all += load;
      sum += most * static_cast<double>(loads.size()) / all;
    }
  return sum / count;
}

TEST(ImbalanceForecast, CountsTheLastWindowsOneByOneAndTheLayersOfThePlan) {
  LoadSet set;
  set.experts = 4;
  set.windows = {{{0, 0, 500, 500}}, {{60, 20, 10, 10}}};
  set.layer_ids = {3};
  const Sets sets = {std::make_shared<const LoadSet>(set)};
  Plan plan = one_layer_plan({0, 2, 1, 3});
  const auto last = forecast_imbalance(sets, 1, plan);
  ASSERT_TRUE(last);
  EXPECT_DOUBLE_EQ(last->seen, 1.4);
  EXPECT_DOUBLE_EQ(last->expected, 1.4);
  EXPECT_FALSE(last->error);
  const auto both = forecast_imbalance(sets, 2, plan);
  EXPECT_DOUBLE_EQ(both->seen, (1 + 1.4) / 2) << "not of their sum";
  EXPECT_DOUBLE_EQ(*both->error, 0.2);
  plan.layer_ids = {7};
  EXPECT_FALSE(forecast_imbalance(sets, 1, plan)) << "no loads of that layer";
  plan.num_experts = 8;
  EXPECT_FALSE(forecast_imbalance(sets, 1, plan)) << "another model";
  EXPECT_FALSE(forecast_imbalance({}, 1, plan));
}

TEST(ImbalanceForecast, WindowsWithoutTokensSayNothing) {
  LoadSet set;
  set.experts = 4;
  set.windows = {{{0, 0, 0, 0}}, {{60, 20, 10, 10}}};
  const auto forecast =
      forecast_imbalance({std::make_shared<const LoadSet>(set)}, 2, one_layer_plan({0, 2, 1, 3}));
  ASSERT_TRUE(forecast);
  EXPECT_DOUBLE_EQ(forecast->seen, 1.4);
}

/// How often the mean of later windows lies within the error bar.
struct Held {
  int within = 0, above_seen = 0, of = 0;
  double off = 0, off_seen = 0;  ///< mean distance of expected and of seen to what came
};
template <typename PlanOf>
Held held_out(double drift, double tokens, PlanOf plan_of_windows) {
  Held held;
  for (std::uint64_t seed = 1; seed <= 20; ++seed, ++held.of) {
    const LoadSet set = drifting_loads(seed, 2 * kWindows, drift, tokens);
    const Sets before = part(set, 0, kWindows), after = part(set, kWindows, 2 * kWindows);
    const Plan plan = plan_of_windows(before);
    const auto forecast = forecast_imbalance(before, kWindows, plan);
    const double came = measured(after, plan);
    EXPECT_NEAR(forecast->seen, measured(before, plan), 1e-12);
    held.within += std::abs(came - forecast->expected) <= *forecast->error ? 1 : 0;
    held.above_seen += came > forecast->seen ? 1 : 0;
    held.off += std::abs(came - forecast->expected) / 20;
    held.off_seen += std::abs(came - forecast->seen) / 20;
  }
  return held;
}

TEST(ImbalanceForecast, APlanOfTheseWindowsIsJudgedForLaterOnes) {
  for (const double drift : {0.0, 0.03, 0.08}) {
    const Held held = held_out(drift, 3000, solved_on);
    EXPECT_GE(held.within, held.of * 3 / 4) << "drift " << drift;
    EXPECT_LT(held.off, 0.02 + drift / 5) << "drift " << drift;
    if (drift == 0) continue;
    EXPECT_GE(held.above_seen, held.of * 9 / 10) << "seen windows flatter the plan";
    EXPECT_LT(held.off, held.off_seen) << "drift " << drift;
  }
}

TEST(ImbalanceForecast, OfAnotherPlanItsOwnUnevennessIsNotEnlarged) {
  const auto in_order = [](const Sets&) {
    Plan plan;
    plan.num_gpus = kGpus;
    plan.num_experts = kExperts;
    plan.physical_to_logical.assign(kLayers, {});
    for (auto& row : plan.physical_to_logical)
      for (int e = 0; e < kExperts; ++e) row.push_back(e);
    return plan;
  };
  const Held held = held_out(0.03, 3000, in_order);
  EXPECT_GE(held.within, held.of * 3 / 4);
  EXPECT_LT(held.off, 0.05);
}

}  // namespace
}  // namespace moescope
