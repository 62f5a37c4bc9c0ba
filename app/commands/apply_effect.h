// What `moescope apply` predicts of a change of plan, and measures after it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "app/commands/json_output.h"
#include "core/analysis/plan_effect.h"
#include "core/cluster/client.h"
#include "core/placement/plan.h"

namespace moescope {

struct EffectOptions {
  std::string loads;              ///< recording of the node, or a load dump
  std::optional<double> measure;  ///< seconds to watch the node, before and after
};
void add_effect_options(CLI::App& command, EffectOptions& options);

/// By the loads and, of a recording, by its last steps; without loads the node is watched for the
/// seconds to measure. nullopt when neither is given.
std::optional<PlanEffect> predict_effect(const EffectOptions& options,
                                         const std::shared_ptr<ClusterClient>& client,
                                         const NodeStatus& status, const Plan& running,
                                         const Plan& plan);
/// Watches the node for the seconds to measure, if any, and fills in what was measured.
void measure_effect(const EffectOptions& options, const std::shared_ptr<ClusterClient>& client,
                    PlanEffect& effect);

/// Lengths in ns, traffic in bytes a decoded token.
Json effect_json(const PlanEffect& effect);
void print_effect(const PlanEffect& effect);

}  // namespace moescope
