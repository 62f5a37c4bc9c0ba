// The imbalance of a whole plan in one figure. Every view and message takes it from here, so that
// one plan and one choice of windows never has two of them.
#pragma once

#include <optional>

#include "core/placement/edit/plan_state.h"
#include "core/placement/evaluate.h"

namespace moescope {

/// Max / mean GPU load of the layers, under the split of tokens that the plan has, summed up over
/// all layers. nullopt when a layer has none: without loads, or with slots that do not divide.
std::optional<Summary> plan_imbalance(const PlanState& state);
/// The same of what no plan with as many slots can be better than.
std::optional<Summary> plan_bound(const PlanState& state);

}  // namespace moescope
