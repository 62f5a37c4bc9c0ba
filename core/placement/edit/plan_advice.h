// Suggestions for the commands "add replica" and "remove replica".
#pragma once

#include <optional>
#include <vector>

#include "core/placement/edit/plan_state.h"

namespace moescope {

/// Where a new replica of `expert` lowers the heaviest GPU of the layer most: a slot of an expert
/// with further replicas, on a live GPU without `expert`, not in `kept` (ascending). nullopt when
/// there is none. Replicas share equally; without loads all experts count alike. Of very many GPUs
/// only the lightest are tried.
std::optional<int> best_slot_for(const PlanState& state, int layer, int expert,
                                 const std::vector<int>& kept);

/// The expert whose replica in `slot` lowers the heaviest GPU most when what the slot holds leaves;
/// never the same, nor one that the GPU has. nullopt when there is none.
std::optional<int> best_expert_for(const PlanState& state, int layer, int slot);

}  // namespace moescope
