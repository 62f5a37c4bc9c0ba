// A drag step of the plan editor against evaluating the whole plan again, 58 layers x 320 slots.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>

#include "core/placement/edit/plan_state.h"
#include "core/placement/eplb/eplb.h"
#include "tests/support/load_generator.h"

namespace moescope {
namespace {

constexpr int kLayers = 58, kSlots = 320, kExperts = 256;

Plan bench_plan(int gpus) {
  return eplb_plan(test::r1_loads(), kSlots, 8, gpus / 8, gpus, EplbPolicy::Global);
}

std::shared_ptr<const Routes> bench_routes() {
  std::mt19937 random(1);
  auto routes = std::make_shared<Routes>();
  routes->layers = kLayers;
  routes->top_k = 8;
  for (std::size_t i = 0; i < PlanState::kCountedTokens * kLayers * 8; ++i)
    routes->experts.push_back(static_cast<std::int16_t>(random() % kExperts));
  return routes;
}

/// One pointer move: the edit before is taken back, another is made, all figures are read.
void drag_step(benchmark::State& bench, bool with_routes) {
  const int gpus = static_cast<int>(bench.range(0));
  PlanState state(bench_plan(gpus));
  state.set_loads(std::make_shared<const LayerLoads>(test::r1_loads()));
  state.set_reference(std::make_shared<const Plan>(state.plan()));
  if (with_routes) state.set_routes(bench_routes());
  std::mt19937 random(2);
  PlanEdit last = no_change(state.plan());
  const auto look = [&](int layer) {
    std::vector<double> imbalances;
    for (int l = 0; l < kLayers; ++l) imbalances.push_back(*state.figures(l).imbalance());
    benchmark::DoNotOptimize(summarize(imbalances));
    benchmark::DoNotOptimize(state.problems(layer).size());
    benchmark::DoNotOptimize(state.copies());
    if (with_routes) benchmark::DoNotOptimize(state.remote_nodes(layer));
  };
  const int layer = 40;
  look(layer);
  for (auto _ : bench) {
    state.apply(inverse(last));
    last = swap_slots(state.plan(), layer, static_cast<int>(random() % kSlots),
                      static_cast<int>(random() % kSlots));
    state.apply(last);
    look(layer);
  }
}
void DragStep(benchmark::State& bench) {
  drag_step(bench, false);
}
void DragStepWithRoutes(benchmark::State& bench) {
  drag_step(bench, true);
}
BENCHMARK(DragStep)->Arg(64)->Arg(320)->Unit(benchmark::kMicrosecond);
BENCHMARK(DragStepWithRoutes)->Arg(64)->Arg(320)->Unit(benchmark::kMicrosecond);

/// The same figures (without the best split) by evaluating and validating everything.
void FullEvaluation(benchmark::State& bench) {
  const auto plan = bench_plan(static_cast<int>(bench.range(0)));
  const auto loads = test::r1_loads();
  EvaluateOptions options;
  options.previous = &plan;
  options.with_best_split = false;
  options.threads = 1;
  Progress progress;
  for (auto _ : bench) {
    benchmark::DoNotOptimize(evaluate_plan(plan, loads, options, progress));
    benchmark::DoNotOptimize(validate_plan(plan));
  }
}
BENCHMARK(FullEvaluation)->Arg(64)->Arg(320)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace moescope

BENCHMARK_MAIN();
