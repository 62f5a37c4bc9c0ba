// The two ways to a result of analyze_sm_allocation(): by recorded ids, else by grid sizes.
#pragma once

#include <optional>

#include "core/analysis/sm_allocation.h"
#include "core/progress.h"

namespace moescope {

/// Fills `result` (key, sm_count and range are set) from kernels and their launches.
void infer_allocation(const Trace& trace, const Classification& classes, const Device& device,
                      std::optional<TimeRange> window, const Progress& progress,
                      SmAllocation& result);

/// The same from recorded SM ids.
void allocation_from_records(const Trace& trace, const Classification& classes,
                             const Progress& progress, SmAllocation& result);

/// True when the trace recorded which SM ran what on the device of `key`.
bool has_sm_records(const Trace& trace, const DeviceKey& key);

}  // namespace moescope
