// Output of predicted and measured effects of a change of plan, for `moescope apply`, `rollback`
// and `status`.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/json_output.h"
#include "core/analysis/serving/plan_effect.h"

namespace moescope {

struct EffectOptions {
  std::string loads;              ///< recording of the node, or a load dump
  std::optional<double> measure;  ///< seconds to watch the node, before and after
  std::string rules;              ///< file; empty: the built-in ones
};
void add_effect_options(CLI::App& command, EffectOptions& options);

/// Lengths in ns, traffic in bytes per decoded token.
Json effect_json(const PlanEffect& effect);
/// One line per figure; unknown ones are left out.
std::vector<std::string> effect_lines(const PlanEffect& effect);
/// The lines on stdout, its notes on stderr.
void print_effect(const PlanEffect& effect);

}  // namespace moescope
