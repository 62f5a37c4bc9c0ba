// What predictions cost: the tables of docs/results/predict.md. Prints Markdown.
//
// usage: moescope-predict-bench [REPEATS]
//
// The unit is decode320 (DeepSeek-V3 on H800, one slot a GPU) and the same with more GPUs, under
// drifting loads of the generator in tests/support (58 layers x 256 experts) and EPLB's plan. The
// second table is what the window waits for: a slot that is dragged, and a setting of What if.
// Processor time of all threads together is the time that one core takes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "core/placement/eplb/eplb.h"
#include "core/simulate/predict.h"
#include "core/simulate/simulate.h"
#include "core/simulate/what_if/what_if.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/bench/cost.h"
#include "tests/bench/load_average.h"
#include "tests/support/load_generator.h"
#include "tests/support/scenario_maker.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

constexpr int kGpusPerNode = 8;
constexpr int kFirstRanks = 320;
constexpr int kRanks[] = {kFirstRanks, 1000, 3200, 10000};

struct Unit {
  Scenario scenario;
  LoadSet loads;
};

Unit unit_of(int ranks) {
  Unit made;
  auto& s = made.scenario;
  made.loads = test::load_set({test::r1_loads(1), test::r1_loads(1, 0.1)});
  s.hardware = load_hardware("h800");
  s.model = load_model_shape("deepseek-v3");
  s.plan =
      eplb_plan(made.loads.windows[0], ranks, 1, ranks / kGpusPerNode, ranks, EplbPolicy::Global);
  s.unit = unit_on(load_unit("decode320"), s.plan);
  return made;
}

template <typename Work>
bench::Cost best(int repeats, Work work) {
  std::vector<bench::Cost> costs;
  for (int i = 0; i < repeats; ++i) costs.push_back(bench::cost_of(work));
  return bench::best_of(costs);
}

std::string cell(const bench::Cost& cost) {
  return fmt::format("{:.1f} ms ({:.1f})", cost.processor * 1e3, cost.wall * 1e3);
}

/// One step, from loads and plan to its figures; with a writer also to its timeline.
void simulate_one(const Unit& made, MoetraceWriter* writer) {
  const StepModel model(made.scenario, made.loads.windows[1], nullptr);
  simulate_steps(made.scenario, model, 1, 1, writer, no_progress());
}

void run(int repeats) {
  fmt::print("load average {}, best of {}; processor time, on the clock in brackets\n\n",
             bench::load_average(), repeats);
  fmt::print(
      "| ranks | prediction with error bar | summary of a step | per rank, over that of {} | "
      "timeline of a step, written |\n|---|---|---|---|---|\n",
      kFirstRanks);
  const test::TempFolder folder;
  double first = 0;
  for (const int ranks : kRanks) {
    const Unit made = unit_of(ranks);
    const auto& s = made.scenario;
    const auto predicted = best(repeats, [&] {
      predict(s.hardware, s.model, s.unit, s.plan, made.loads, {}, no_progress());
    });
    const auto summary = best(repeats, [&] { simulate_one(made, nullptr); });
    const auto timeline = best(std::min(repeats, 3), [&] {
      MoetraceWriter writer(folder.path() / "step.moetrace");
      simulate_one(made, &writer);
      writer.finish(no_progress());
    });
    const double per_rank = summary.processor / ranks;
    if (ranks == kFirstRanks) first = per_rank;
    fmt::print("| {} | {} | {} | {:.2f} | {} |\n", ranks, cell(predicted), cell(summary),
               per_rank / first, cell(timeline));
  }
}

/// The plan under the pointer and the one before: what a step of a drag predicts.
void predict_drag(const Unit& made) {
  constexpr int kBatches = 4;  // as the page Predict draws while a slot is dragged
  auto edited = made.scenario.plan;
  for (auto& layer : edited.physical_to_logical) std::swap(layer.front(), layer.back());
  PredictOptions options;
  options.batches = kBatches;
  options.previous = &made.scenario.plan;
  predict(made.scenario.hardware, made.scenario.model, made.scenario.unit, edited, made.loads,
          options, no_progress());
}

/// Another SM setting on a plan that is there; with the unchanged settings answered before.
void answer(const WhatIfFiles& files, UnitPlans& plans) {
  WhatIf settings;
  settings.unit = "decode320";
  settings.comm_sms = 16;
  predict_case(make_case(settings, files, plans, no_progress()), no_progress());
}

void run_window(int repeats) {
  fmt::print("\n| the window waits for | time |\n|---|---|\n");
  for (const char* name : {"prefill32", "decode144"}) {
    auto made = unit_of(kFirstRanks);
    const auto unit = load_unit(name);
    made.scenario.plan = eplb_plan(made.loads.windows[0], 288, 1, unit.gpus / kGpusPerNode,
                                   unit.gpus, EplbPolicy::Global);
    made.scenario.unit = unit_on(unit, made.scenario.plan);
    fmt::print("| step of a drag, {} | {} |\n", name,
               cell(best(repeats, [&] { predict_drag(made); })));
  }
  const auto made = unit_of(kFirstRanks);
  const WhatIfFiles files{.loads = std::make_shared<const LoadSet>(made.loads),
                          .plan = std::make_shared<const Plan>(made.scenario.plan)};
  UnitPlans plans;
  answer(files, plans);
  fmt::print("| answer of What if, decode320 | {} |\n",
             cell(best(repeats, [&] { answer(files, plans); })));
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) try {
  const int repeats = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 5;
  moescope::run(repeats);
  moescope::run_window(repeats);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
