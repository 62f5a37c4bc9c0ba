// Where communication is exposed, and what runs there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// One interval in which communication ran on a device and no compute did.
struct Exposed {
  DeviceKey key;
  TimeRange range;
};

/// All of the devices that `shows` accepts, by start.
std::vector<Exposed> exposed_intervals(const std::vector<DeviceActivity>& activity,
                                       const std::function<bool(const DeviceKey&)>& shows);
/// Those of one scope: cut to its ranges on its device.
std::vector<Exposed> exposed_intervals(const std::vector<DeviceActivity>& activity,
                                       const ScopeOverlap& scope);

/// What communicates in an exposed interval.
struct ExposedCause {
  std::optional<SpanRef> kernel;   ///< the longest run of the kernel that ran longest in it
  ClassifiedName classified;       ///< of that kernel; `waits`: it only waits for other ranks
  TimeNs time = 0;                 ///< for which that kernel ran inside the interval
  std::string layer, micro_batch;  ///< that the trace names there, "" for none
};

/// One cause for each of `intervals`, which lie apart from each other on a device. Reads the
/// communication kernels between the first and the last of them once. Throws Cancelled, Error.
std::vector<ExposedCause> exposed_causes(const Trace& trace, const Classification& classes,
                                         const std::vector<ScopeOverlap>& scopes,
                                         const std::vector<Exposed>& intervals,
                                         Progress& progress = no_progress());

}  // namespace moescope
