// The imbalance of a whole plan in one figure. Every view and message uses this, so that they
// cannot disagree.
#pragma once

#include <optional>

#include "core/placement/edit/plan_state.h"
#include "core/placement/evaluate.h"

namespace moescope {

/// Max / mean GPU load of the layers, under the split of tokens that the plan has, summed up over
/// all layers. nullopt when a layer has none: without loads, or with slots that do not divide.
std::optional<Summary> plan_imbalance(const PlanState& state);
/// The same for the lower bound of any plan with as many slots.
std::optional<Summary> plan_bound(const PlanState& state);

}  // namespace moescope
