// Dynamic redundancy: a GPU holds more experts than it computes in one step.
#pragma once

#include <span>
#include <vector>

#include "core/placement/split.h"

namespace moescope {

struct ActiveChoice {
  std::vector<int> row;  ///< expert of each slot that is active, kNoExpert for the others
  TokenSplit split;      ///< the best one over the active slots
};

/// Chooses at most `active_per_gpu` slots of each GPU so that every expert with load has one, then
/// more where a second replica relieves the hottest GPU, for the loads of one step.
/// Idle slots read no weights, so no slot is activated that does not help.
/// @param row expert of each slot, kNoExpert for an empty one
/// Throws Error when the experts with load do not fit.
ActiveChoice choose_active(const std::vector<int>& row, std::span<const double> loads,
                           int slots_per_gpu, int active_per_gpu);

}  // namespace moescope
