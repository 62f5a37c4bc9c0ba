// Figures of requests, of the effect of a plan, and the text of a workload.
#include "core/analysis/serving/serving_figures.h"

#include <gmock/gmock.h>

#include "core/analysis/serving/plan_effect.h"
#include "core/analysis/serving/workload_text.h"
#include "tests/support/small_plan.h"

namespace moescope {
namespace {

using test::one_layer_plan;

constexpr TimeNs kSecond = 1'000'000'000;
constexpr TimeNs kMs = 1'000'000;

ServedRequest request(TimeNs done, TimeNs ttft, std::optional<TimeNs> tpot) {
  ServedRequest r;
  r.done = done;
  r.ttft = ttft;
  r.tpot = tpot;
  r.prompt = 10;
  r.output = 4;
  return r;
}

TEST(ServingFigures, CountOnlyWhatWasDoneInTheRange) {
  Serving serving;
  serving.requests = {request(0, 10 * kMs, 5 * kMs), request(kSecond, 20 * kMs, 6 * kMs),
                      request(2 * kSecond, 900 * kMs, {})};
  serving.steps = {{false, 1, 0, 10, 1, 1}, {true, 1, kSecond, kSecond + 5, 1, 1}};
  const auto figures = serving_figures(serving, {500 * kMs, 100 * kMs}, {0, 2 * kSecond});
  EXPECT_EQ(figures.requests, 2U);
  EXPECT_DOUBLE_EQ(figures.requests_per_second, 1);
  EXPECT_DOUBLE_EQ(figures.prompt_tokens_per_second, 10);
  EXPECT_DOUBLE_EQ(figures.output_tokens_per_second, 4);
  EXPECT_EQ(figures.ttft_p50, 10 * kMs);
  EXPECT_EQ(figures.ttft_p95, 20 * kMs);
  EXPECT_EQ(figures.within_percent, 100.0);
  EXPECT_EQ(figures.prefill_steps, 1U);
  EXPECT_EQ(figures.decode_steps, 1U);
}

TEST(ServingFigures, NothingDoneHasNoLatencies) {
  const auto figures = serving_figures({}, {}, {0, kSecond});
  EXPECT_FALSE(figures.ttft_p50);
  EXPECT_FALSE(figures.within_percent);
  EXPECT_TRUE(serving_windows({}, {}, kSecond).empty());
}

TEST(ServingFigures, ASingleTokenCountsByItsTtftAlone) {
  EXPECT_TRUE(within_targets(request(0, 10 * kMs, {}), {20 * kMs, 1}));
  EXPECT_FALSE(within_targets(request(0, 30 * kMs, {}), {20 * kMs, 1}));
  EXPECT_FALSE(within_targets(request(0, 10 * kMs, 2), {20 * kMs, 1}));
}

TEST(ServingFigures, WindowsCoverGapsAndKeepTheLatest) {
  Serving serving;
  serving.requests = {request(kSecond / 2, 1, 1), request(3 * kSecond + 1, 1, 1)};
  const auto windows = serving_windows(serving, {}, kSecond);
  ASSERT_EQ(windows.size(), 4U);
  EXPECT_EQ(windows[1].requests, 0U);
  EXPECT_EQ(windows[3].range, (TimeRange{3 * kSecond, 4 * kSecond}));
  EXPECT_EQ(serving_windows(serving, {}, kSecond, 2).front().range.begin, 2 * kSecond);
}

TEST(PlanEffect, CountsWhatEachGpuTakesAndGives) {
  const auto moves = moves_by_gpu(one_layer_plan({0, 1, 2, 3}), one_layer_plan({0, 2, 1, 3}));
  ASSERT_EQ(moves.size(), 2U);
  EXPECT_EQ(moves[0].takes, 1);
  EXPECT_EQ(moves[0].gives, 1);
  EXPECT_TRUE(moves_by_gpu(one_layer_plan({0, 1, 2, 3}), one_layer_plan({1, 0, 3, 2})).empty())
      << "order on a GPU moves no weights";
  Plan larger = one_layer_plan({0, 1, 2, 3});
  larger.num_gpus = 4;
  EXPECT_TRUE(moves_by_gpu(one_layer_plan({0, 1, 2, 3}), larger).empty());
}

TEST(PlanEffect, MeansDecodeStepsOnly) {
  const std::vector<ServedStep> steps = {
      {false, 1, 0, 100, 1, 1}, {true, 1, 10, 30, 1, 1}, {true, 2, 50, 90, 1, 1}};
  EXPECT_DOUBLE_EQ(*mean_decode_step(steps, {0, 100}), 30);
  EXPECT_FALSE(mean_decode_step(steps, {60, 100}));
}

TEST(WorkloadText, ReadsAndReplacesSingleValues) {
  EXPECT_EQ(workload_value("rate=20,prompt=8:48,period=2.5", "period"), 2.5);
  EXPECT_EQ(workload_value("rate=20", "rat"), std::nullopt);
  EXPECT_EQ(workload_value("prompt=8:48", "prompt"), std::nullopt) << "no single number";
  EXPECT_EQ(with_workload_value("rate=20,topics=6", "rate", 35.5), "rate=35.5,topics=6");
  EXPECT_EQ(with_workload_value("rate=20", "period", 4), "rate=20,period=4");
  EXPECT_EQ(with_workload_value("", "period", 4), "period=4");
}

}  // namespace
}  // namespace moescope
