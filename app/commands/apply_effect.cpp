#include "app/commands/apply_effect.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/commands/command.h"
#include "core/cluster/node_engine.h"
#include "core/import/open.h"
#include "core/loads/sniff.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

constexpr TimeNs kWindow = 8'000'000'000;  ///< of the recording, up to its end

RunningEngine engine_of(const std::string& file, const NodeStatus& status, const Plan& running) {
  RunningEngine engine = running_engine(status);
  engine.plan = running;
  for (LoadSet& set : read_load_sets(file, command_progress()))
    engine.loads.push_back(std::make_shared<const LoadSet>(std::move(set)));
  if (sniff_load_input(file) != LoadInput::Recording) {
    engine.trace = TraceBuilder().snapshot();
    return engine;
  }
  engine.trace = open_trace({file}, {}, command_progress());
  engine.steps = read_serving(*engine.trace).steps;
  const TimeNs end = engine.trace->range().end;
  engine.range = {std::max<TimeNs>(0, end - kWindow), end};
  return engine;
}

Json figure_json(const EffectFigure& figure) {
  return {{"before", nullable(figure.before)},
          {"predicted", nullable(figure.predicted)},
          {"error", nullable(figure.error)},
          {"below_noise", nullable(figure.below_noise())},
          {"measured", nullable(figure.measured)}};
}

}  // namespace

void add_effect_options(CLI::App& command, EffectOptions& options) {
  command.add_option("--loads", options.loads,
                     "Recording of the node, or a load dump: predict imbalance, decode step and "
                     "traffic under the plan, with error bars");
  command
      .add_option("--measure", options.after,
                  "After the change, wait that many seconds and measure the imbalance again")
      ->check(CLI::Range(1.0, 3600.0));
}

std::optional<PlanEffect> predict_effect(const EffectOptions& options, const NodeStatus& status,
                                         const Plan& running, const Plan& plan) {
  if (!options.loads.empty())
    return forecast_plan(engine_of(options.loads, status, running), plan, command_progress());
  if (!options.after) return std::nullopt;
  PlanEffect effect;
  effect.imbalance.before = mean_imbalance(status);
  return effect;
}

void measure_effect(const EffectOptions& options, ClusterClient& client, PlanEffect& effect) {
  if (!options.after) return;
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::duration<double> wait(*options.after);
  while (std::chrono::steady_clock::now() - start < wait) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    command_progress().report(passed / wait, "measuring");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  effect.imbalance.measured = mean_imbalance(client.status(false));
}

Json effect_json(const PlanEffect& effect) {
  return {{"imbalance", figure_json(effect.imbalance)},
          {"decode_step_ns", figure_json(effect.decode_step)},
          {"node_bytes_per_token", figure_json(effect.node_traffic)},
          {"rank_bytes_per_token", figure_json(effect.rank_traffic)},
          {"fitted", effect.fitted},
          {"notes", effect.notes}};
}

void print_effect(const PlanEffect& effect) {
  const auto print = [](const char* name, const EffectFigure& figure, double unit,
                        const char* suffix) {
    if (!figure.before && !figure.predicted) return;
    const auto text = [&](const std::optional<double>& value) {
      return value ? fmt::format("{:.2f}{}", *value / unit, suffix) : std::string("-");
    };
    fmt::print("{:<10} before {}, predicted {} +- {}{}, measured {}\n", name, text(figure.before),
               text(figure.predicted), text(figure.error),
               figure.below_noise().value_or(false) ? " (change below the noise)" : "",
               text(figure.measured));
  };
  print("imbalance", effect.imbalance, 1, "");
  print("step", effect.decode_step, 1e6, " ms");
  print("traffic", effect.node_traffic, 1e3, " kB/token between nodes");
  for (const auto& note : effect.notes) fmt::print(stderr, "note: {}\n", note);
}

}  // namespace moescope
