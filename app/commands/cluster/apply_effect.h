// What `moescope apply` and `rollback` predict of a change of plan, measure after it and have the
// node keep; `status` shows it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/json_output.h"
#include "core/analysis/serving/plan_effect.h"
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
/// After the change `ticket` came into force: watches the node for the seconds to measure, if any,
/// fills in what was measured, and has the node keep it all for its history. That a node cannot
/// keep it is told on stderr.
void follow_effect(const EffectOptions& options, const std::shared_ptr<ClusterClient>& client,
                   std::uint64_t ticket, PlanEffect& effect);

/// Lengths in ns, traffic in bytes a decoded token.
Json effect_json(const PlanEffect& effect);
/// A line a figure; those of which nothing is known are left out.
std::vector<std::string> effect_lines(const PlanEffect& effect);
/// The lines on stdout, its notes on stderr.
void print_effect(const PlanEffect& effect);

}  // namespace moescope
