// Replica counts when every GPU has two slots: the packing is then known for
// given counts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/progress.h"

namespace moescope {

/// Searches replica counts for GPUs of two slots. For given counts the heaviest
/// replica with the lightest, the second heaviest with the second lightest, ...
/// is the best packing, so only the counts are searched (annealing on the pairs
/// above a target that sinks towards `bound`).
/// @param loads scaled so that the mean GPU load is 1; 2 * gpus >= loads.size()
/// @param moves proposals per round, for each of four rounds
/// Returns counts that sum to 2 * gpus, none above gpus.
std::vector<int> search_pair_counts(std::span<const double> loads, int gpus, double bound,
                                    int moves, std::uint64_t seed, const Progress& progress);

/// Packs two slots per GPU as above; an expert that would meet itself is
/// exchanged with another pair.
std::vector<int> pack_pairs(std::span<const double> loads, const std::vector<int>& counts,
                            int gpus);

}  // namespace moescope
