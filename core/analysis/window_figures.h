// Figures of a part of the trace, for ranges that are changed all the time.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/overlap.h"
#include "core/analysis/sm_allocation.h"

namespace moescope {

/// What analyze_overlap_and_scopes() gives of `window`, given the scopes of the whole trace: where
/// they are is not looked up again. Throws Cancelled.
OverlapResults cut_overlap(const Trace& trace, const Classification& classes,
                           const std::vector<ScopeOverlap>& scopes, TimeRange window,
                           Progress& progress);

/// What analyze_sm_allocation() gives of one device; nullopt where that has none. Throws Cancelled.
std::optional<SmAllocation> analyze_sm_allocation_of(const Trace& trace,
                                                     const Classification& classes,
                                                     const DeviceKey& key,
                                                     std::optional<TimeRange> window = {},
                                                     Progress& progress = no_progress());

}  // namespace moescope
