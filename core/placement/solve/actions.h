// What can be done about a running plan that no longer fits, cheapest first.
#pragma once

#include <string>
#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

struct PlanAction {
  enum class Kind {
    Resplit,  ///< other shares of tokens for the existing replicas; no weights move
    Migrate,  ///< few copies
    Rebuild   ///< a new plan, relabelled to match the running one
  };
  Kind kind = Kind::Resplit;
  Plan plan;                  ///< with the replica weights of its best split
  Summary equal, best_split;  ///< imbalance over layers
  long copies = 0;            ///< (layer, GPU, expert) that move
};
const char* to_string(PlanAction::Kind kind);  ///< "resplit", "migrate", "rebuild"

/// The three actions for the plan `options.from` under the sum of `windows`.
/// @param migrated plan that solve_plan() made with `options`
/// @pre options.from is set. Throws Cancelled.
std::vector<PlanAction> plan_actions(const std::vector<LayerLoads>& windows,
                                     const SolveOptions& options, const Plan& migrated,
                                     Progress& progress);

}  // namespace moescope
