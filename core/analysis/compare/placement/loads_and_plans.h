// What differs between two load dumps, and between two plans.
#pragma once

#include "core/analysis/compare/difference.h"
#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

/// Most rows of experts; those whose share changed most.
inline constexpr std::size_t kMostExpertRows = 200;

/// Loads over all windows of each. Imbalance is max / mean over the experts of a layer; shares are
/// % of the tokens of a layer, so that a longer dump is not a different one. Windows are the
/// samples from which noise is judged. Rows of experts are those that changed significantly.
/// Throws Error when layers or experts differ.
Comparison compare_loads(const LoadSet& a, const LoadSet& b);

/// Slots that hold another expert, copies that a GPU has to receive, experts with replicas.
/// Throws Error when GPUs, layers or experts differ.
Comparison compare_plans(const Plan& a, const Plan& b);

}  // namespace moescope
