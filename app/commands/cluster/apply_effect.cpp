#include "app/commands/cluster/apply_effect.h"

#include <fmt/format.h>

#include "core/figure_text.h"
#include "core/placement/plan_figures.h"

namespace moescope {
namespace {

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
      .add_option(
          "--measure", options.measure,
          "After the change, watch the node for this many seconds and measure imbalance, decode "
          "step and traffic; without --loads also before it, to predict them")
      ->check(CLI::Range(1.0, 3600.0));
  command.add_option("--rules", options.rules,
                     "Rule file for the classes of kernels, whose traffic is measured");
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
