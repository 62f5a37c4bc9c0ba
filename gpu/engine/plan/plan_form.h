// Conversion between plans of files and placements of the engine.
#pragma once

#include <string>

#include "core/placement/plan.h"
#include "gpu/engine/placement/placement.h"
#include "gpu/model/config.h"

namespace moescope::runtime {

/// What a plan must fit.
struct PlanFrame {
  int ranks = 1, nodes = 1;  ///< of one unit
  bool route_shared = false;
  int active_slots = 0;
};

/// Throws Error that names everything wrong with the plan, `source` first.
Placement placement_of(const Plan& plan, const ModelConfig& config, const PlanFrame& frame,
                       const std::string& source);
Plan plan_of(const Placement& placement, const ModelConfig& config, const PlanFrame& frame);
/// Slots per rank when an engine starts without a plan: the fewest that hold every expert.
int slots_per_rank(const ModelConfig& config, const PlanFrame& frame);
/// Where an engine starts without a plan: experts in order, and from the first one again where
/// slots remain; a shared one that is routed on every rank.
Placement contiguous_placement(const ModelConfig& config, const PlanFrame& frame);

}  // namespace moescope::runtime
