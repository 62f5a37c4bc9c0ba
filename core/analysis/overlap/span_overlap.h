// What runs on a device beside one stretch of time: of a span, of a selected area, of a step.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/trace/trace.h"

namespace moescope {

/// Lengths of `range` of a device, ns, over all its streams.
struct SpanOverlap {
  TimeNs alone = 0;   ///< in which the device computes nothing: of communication, what is exposed
  TimeNs hidden = 0;  ///< in which the device computes
  TimeNs beside = 0;  ///< in which it communicates: of compute, what it hides
};
/// nullopt when the device is not in `activity`.
std::optional<SpanOverlap> overlap_of_span(const std::vector<DeviceActivity>& activity,
                                           const DeviceKey& key, TimeRange range);

/// What the devices that `tracks` are of (empty: all) do in `range`; by key. A thread stands for
/// all devices of its process.
std::vector<DeviceActivity> activity_in_area(const Trace& trace,
                                             const std::vector<DeviceActivity>& activity,
                                             TimeRange range, const std::vector<TrackId>& tracks);
/// lengths_in() `range` of every device, most exposed communication first.
std::vector<DeviceOverlap> figures_by_exposed(const std::vector<DeviceActivity>& activity,
                                              TimeRange range);

/// Position of a device by exposed communication: 1 has the most. 0 when it is not in `overlap`.
std::size_t exposed_rank(const std::vector<DeviceOverlap>& overlap, const DeviceKey& key);

}  // namespace moescope
