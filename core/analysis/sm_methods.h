// The two ways to a result of analyze_sm_allocation(): by recorded ids, else by grid sizes.
#pragma once

#include <optional>
#include <unordered_map>

#include "core/analysis/sm_allocation.h"
#include "core/progress.h"

namespace moescope {

/// Fills `result` (key, sm_count and range are set) from kernels and their launches; keeps at most
/// `max_steps` steps.
void infer_allocation(const Trace& trace, const Classification& classes, const Device& device,
                      std::optional<TimeRange> window, std::size_t max_steps,
                      const Progress& progress, SmAllocation& result);

/// The same from recorded SM ids.
void allocation_from_records(const Trace& trace, const Classification& classes,
                             std::size_t max_steps, const Progress& progress, SmAllocation& result);

/// Names of the kernels of the device of `key` by correlation; of several kernels of one launch
/// (a graph) the first. Throws Cancelled.
std::unordered_map<std::uint32_t, StringId> kernels_by_correlation(const Trace& trace,
                                                                   const DeviceKey& key,
                                                                   const Progress& progress);

/// True when the trace recorded which SM ran what on the device of `key`.
bool has_sm_records(const Trace& trace, const DeviceKey& key);

}  // namespace moescope
