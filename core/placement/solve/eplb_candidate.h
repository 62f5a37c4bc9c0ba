// EPLB's plan of a layer as a candidate of the solver: its result must never be less balanced than
// what engines make themselves.
#pragma once

#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

/// Replaces `row` by EPLB's, of any variant, when that has a lower imbalance for `loads` with equal
/// split. It packs by groups unless the hierarchy is off. Second copies of an expert on a GPU,
/// which EPLB may make, give way to other experts where that costs no balance. Does nothing where
/// EPLB has no plan: pinned, forbidden or dead places, a layer without load.
/// @param loads [expert], tokens of all windows
/// Returns true when `row` was replaced.
bool take_better_eplb(std::vector<int>& row, const std::vector<double>& loads,
                      const SolveOptions& options);

}  // namespace moescope
