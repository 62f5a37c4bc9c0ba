// Plans whose GPUs are joined by shared experts, so that a new token split can
// follow drift.
#pragma once

#include "core/placement/solve/search.h"

namespace moescope {

/// Exchanges slots until the GPUs form one connected graph (joined where they
/// hold the same expert) while no GPU exceeds `max_load`. Needs as many
/// redundant slots as GPUs less one; does what it can otherwise. Fixed slots,
/// allowed pairs and the copy budget are kept.
/// @param tries proposals
void connect_row(const SearchProblem& problem, std::vector<int>& row, double max_load, int tries,
                 std::uint64_t seed, const Progress& progress);

}  // namespace moescope
