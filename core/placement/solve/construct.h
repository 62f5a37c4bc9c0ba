// First placements: replica counts by weight, packed heaviest first without
// duplicates.
#pragma once

#include <vector>

#include "core/placement/solve/search.h"

namespace moescope {

/// Experts that may live on these GPUs and fill them alone: the whole layer, or
/// one node when groups are bound to nodes.
struct Cell {
  std::vector<int> experts, gpus;
};

/// A slot that must hold this expert.
struct PinnedSlot {
  int slot, expert;
};

/// Fills the slots of the cells: counts that make the heaviest replica light,
/// then heaviest first to the lightest GPU that may take it. An expert comes
/// twice on a GPU only when there are more slots than allowed (expert, GPU)
/// pairs. Slots of GPUs in no cell stay empty.
/// @param loads [expert]; problem.allowed is obeyed
/// Throws Error when an expert may live nowhere or the slots do not suffice.
std::vector<int> construct_row(const SearchProblem& problem, const std::vector<double>& loads,
                               const std::vector<Cell>& cells);

/// Puts the pinned experts in their slots with as few changes as possible;
/// every expert keeps a replica. Throws Error when that cannot be.
void apply_pins(std::vector<int>& row, const SearchProblem& problem,
                const std::vector<PinnedSlot>& pins);

/// Moves experts off GPUs that they may not live on: exchanged with a slot elsewhere, or replaced
/// when they have further replicas. Throws Error when there is no way.
void evict_forbidden(std::vector<int>& row, const SearchProblem& problem);

/// Gives every expert without a replica a slot of an expert that has several,
/// lightest replica first, on GPUs that may host it. Throws Error when there is
/// none.
void place_missing(std::vector<int>& row, const SearchProblem& problem,
                   const std::vector<double>& loads);

}  // namespace moescope
