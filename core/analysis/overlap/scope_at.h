// Which layer, micro-batch or phase a stretch of time on a device belongs to.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// Time that `range` shares with `ranges`, which are in order and apart, ns.
TimeNs shared_time(const std::vector<TimeRange>& ranges, const TimeRange& range);

/// Name of the scope of `kind` ("layer", "micro_batch", "phase") that covers most of `range` on the
/// device; "" where none does. Of an empty range: the one that holds its begin.
std::string scope_at(const std::vector<ScopeOverlap>& scopes, const char* kind,
                     const DeviceKey& key, TimeRange range);

}  // namespace moescope
