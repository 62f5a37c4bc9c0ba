#include "app/commands/cluster/apply_effect.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/commands/cluster/node_watch.h"
#include "app/commands/command.h"
#include "core/analysis/serving/step_traffic.h"
#include "core/cluster/node_engine.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/import/open.h"
#include "core/open/file_kind.h"
#include "core/placement/plan_figures.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

RunningEngine engine_of(const std::string& file, const NodeStatus& status, const Plan& running) {
  RunningEngine engine = running_engine(status);
  engine.plan = running;
  for (LoadSet& set : read_load_sets(file, command_progress()))
    engine.loads.push_back(std::make_shared<const LoadSet>(std::move(set)));
  if (kind_of_file(file) != FileKind::Recording) {
    engine.trace = TraceBuilder().snapshot();
    return engine;
  }
  engine.trace = open_trace({file}, {}, command_progress());
  engine.steps = read_serving(*engine.trace).steps;
  const TimeNs end = engine.trace->range().end;
  engine.range = {std::max<TimeNs>(0, end - kEffectWindow), end};
  return engine;
}

TimeNs nanoseconds(double seconds) {
  return static_cast<TimeNs>(seconds * 1e9);
}

Json figure_json(const EffectFigure& figure) {
  return {{"before", nullable(figure.before)},
          {"predicted", nullable(figure.predicted)},
          {"error", nullable(figure.error)},
          {"below_noise", nullable(figure.below_noise())},
          {"measured", nullable(figure.measured)}};
}

void measure_effect(double seconds, const std::shared_ptr<ClusterClient>& client,
                    PlanEffect& effect) {
  const TemporaryFolder folder;
  const Watched after = watch_node(client, folder.path() / "after.moetrace", nanoseconds(seconds),
                                   kEffectSettle, "measuring the new plan");
  effect.imbalance.measured = after.imbalance;
  const auto trace = open_trace({after.recording}, {}, command_progress());
  const auto steps = read_serving(*trace).steps;
  effect.decode_step.measured = mean_decode_step(steps, trace->range());
  const Classification classes(*trace, RuleSet::built_in(), command_progress());
  const auto traffic =
      decode_traffic(*trace, classes, steps, {trace->range()}, command_progress()).front();
  if (traffic) set_traffic(effect, &EffectFigure::measured, *traffic);
}

void keep_effect(const std::shared_ptr<ClusterClient>& client, std::uint64_t ticket,
                 const PlanEffect& effect) {
  try {
    client->tell_effect(ticket, effect);
  } catch (const Error& error) {
    fmt::print(stderr, "note: moescope status will not tell these figures: {}\n", error.problem());
  }
}

}  // namespace

void add_effect_options(CLI::App& command, EffectOptions& options) {
  command.add_option("--loads", options.loads,
                     "Recording of the node, or a load dump: predict imbalance, decode step and "
                     "traffic under the plan, with error bars");
  command
      .add_option(
          "--measure", options.measure,
          "After the change, watch the node that many seconds and measure imbalance, decode "
          "step and traffic; without --loads also before it, to predict them")
      ->check(CLI::Range(1.0, 3600.0));
}

std::optional<PlanEffect> predict_effect(const EffectOptions& options,
                                         const std::shared_ptr<ClusterClient>& client,
                                         const NodeStatus& status, const Plan& running,
                                         const Plan& plan) {
  const auto forecast = [&](const std::string& file, std::optional<double> imbalance) {
    RunningEngine engine = engine_of(file, status, running);
    if (imbalance) engine.imbalance = imbalance;
    return forecast_plan(engine, plan, command_progress());
  };
  if (!options.loads.empty()) return forecast(options.loads, std::nullopt);
  if (!options.measure) return std::nullopt;
  const TemporaryFolder folder;
  const Watched before = watch_node(client, folder.path() / "before.moetrace",
                                    nanoseconds(*options.measure), 0, "watching the running plan");
  return forecast(before.recording.string(), before.imbalance);
}

void follow_effect(const EffectOptions& options, const std::shared_ptr<ClusterClient>& client,
                   std::uint64_t ticket, PlanEffect& effect) {
  keep_effect(client, ticket, effect);
  if (!options.measure) return;
  measure_effect(*options.measure, client, effect);
  keep_effect(client, ticket, effect);
}

Json effect_json(const PlanEffect& effect) {
  return {{"imbalance", figure_json(effect.imbalance)},
          {"decode_step_ns", figure_json(effect.decode_step)},
          {"node_bytes_per_token", figure_json(effect.node_traffic)},
          {"rank_bytes_per_token", figure_json(effect.rank_traffic)},
          {"fitted", effect.fitted},
          {"notes", effect.notes}};
}

std::vector<std::string> effect_lines(const PlanEffect& effect) {
  std::vector<std::string> lines;
  const auto add = [&lines](const char* name, const EffectFigure& figure, auto write) {
    if (!figure.before && !figure.predicted && !figure.measured) return;
    const auto text = [&](const std::optional<double>& value) {
      return value ? write(*value, std::optional<double>()) : std::string("-");
    };
    lines.push_back(
        fmt::format("{:<14} before {}, predicted {}{}, measured {}", name, text(figure.before),
                    figure.predicted ? write(*figure.predicted, figure.error) : "-",
                    figure.below_noise().value_or(false) ? " (change below the noise)" : "",
                    text(figure.measured)));
  };
  const auto ratio = [](double value, std::optional<double> error) {
    return fmt::format("{:.2f}", value) + (error ? fmt::format(" ± {:.2f}", *error) : "");
  };
  const auto bytes = [](double value, std::optional<double> error) {
    return bytes_text(value) + (error ? " ± " + bytes_text(*error) : "") + " a token";
  };
  add("imbalance", effect.imbalance, ratio);
  if (!lines.empty()) lines.back() += fmt::format("; {}", kRunningImbalanceWindow);
  add("step", effect.decode_step, duration_text);
  add("between nodes", effect.node_traffic, bytes);
  add("inside nodes", effect.rank_traffic, bytes);
  return lines;
}

void print_effect(const PlanEffect& effect) {
  for (const auto& line : effect_lines(effect)) fmt::print("{}\n", line);
  for (const auto& note : effect.notes) fmt::print(stderr, "note: {}\n", note);
}

}  // namespace moescope
