// What `moescope apply` predicts of a change of plan, and measures after it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "app/commands/json_output.h"
#include "core/analysis/plan_effect.h"
#include "core/cluster/client.h"
#include "core/placement/plan.h"

namespace moescope {

struct EffectOptions {
  std::string loads;            ///< recording of the node, or a load dump
  std::optional<double> after;  ///< seconds until the imbalance is measured again
};
void add_effect_options(CLI::App& command, EffectOptions& options);

/// By the loads and, of a recording, by its last steps. nullopt without --loads and --measure.
std::optional<PlanEffect> predict_effect(const EffectOptions& options, const NodeStatus& status,
                                         const Plan& running, const Plan& plan);
/// Waits, and asks the node for its imbalance.
void measure_effect(const EffectOptions& options, ClusterClient& client, PlanEffect& effect);

/// Lengths in ns, traffic in bytes a decoded token.
Json effect_json(const PlanEffect& effect);
void print_effect(const PlanEffect& effect);

}  // namespace moescope
