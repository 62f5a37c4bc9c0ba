// Plans for replica rules under which the shares of replicas depend on where they are.
#pragma once

#include <optional>
#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

/// Whether the rules of the options are of that kind, and the options ask for nothing that a plan
/// made in this way cannot have: a running plan, groups on nodes, pinned, forbidden or dead places,
/// connected GPUs.
bool can_solve_for_rules(const SolveOptions& options);

/// Rows [layer][slot] that are good under all rules of the options at once. First the nodes of all
/// replicas, layer after layer, so that shares come out even (PatternChooser); then, in parallel,
/// the GPUs. nullopt where replicas of an expert would have to share a GPU.
std::optional<std::vector<std::vector<int>>> ruled_rows(const std::vector<LayerLoads>& windows,
                                                        const SolveOptions& options,
                                                        Progress& progress);

}  // namespace moescope
