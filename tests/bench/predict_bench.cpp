// What predictions cost: the table of docs/results/predict.md. Prints Markdown.
//
// usage: moescope-predict-bench [REPEATS]
//
// The unit is decode320 (DeepSeek-V3 on H800, one slot a GPU) and the same with more GPUs, under
// drifting loads of the generator in tests/support (58 layers x 256 experts) and EPLB's plan.
// Processor time of all threads together is the time that one core takes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "core/placement/eplb/eplb.h"
#include "core/simulate/predict.h"
#include "core/simulate/simulate.h"
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

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) try {
  moescope::run(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 5);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
