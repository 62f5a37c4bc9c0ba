// Whether this machine has room for a run, before anything of it is allocated.
#pragma once

#include <optional>

#include "gpu/engine/backend.h"
#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {

/// Fits KV caches and micro-batches to the number of ranks and throws Error when the layout takes
/// more than the backend has here. `placement`: the plan to begin with, or nothing for none.
void check_room(const Backend& backend, EngineOptions& options, const ModelConfig& config,
                const std::optional<Placement>& placement, const Processes* processes,
                bool recorded);

/// Gives all threads that start from here on the stack that check_room() counts with; by default
/// each reserves as much as the main thread may grow to.
void bound_stacks();

}  // namespace moescope::runtime
