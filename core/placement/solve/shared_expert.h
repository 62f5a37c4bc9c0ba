// A shared expert that is routed like the others: one more expert that every token takes.
#pragma once

#include <vector>

#include "core/placement/solve/solve.h"

namespace moescope {

/// Loads with the shared expert as the last one. Its load is the number of tokens: the sum of the
/// others over top_k.
LayerLoads with_shared_expert(const LayerLoads& loads, int top_k);

/// Lets `expert` live on `gpus` only. Throws Error when there are none or one does not exist.
void keep_on(SolveOptions& options, int expert, const std::vector<int>& gpus);

}  // namespace moescope
