#include "core/analysis/overlap/span_overlap.h"

#include <algorithm>

namespace moescope {
namespace {

/// Whether one of `tracks` belongs to the device: its stream, or a thread of its process.
bool belongs(const Trace& trace, const std::vector<TrackId>& tracks, const DeviceKey& key) {
  return tracks.empty() || std::any_of(tracks.begin(), tracks.end(), [&](TrackId id) {
           const Track& track = trace.tracks().at(id);
           return track.process == key.process && (track.device < 0 || track.device == key.device);
         });
}

}  // namespace

std::optional<SpanOverlap> overlap_of_span(const std::vector<DeviceActivity>& activity,
                                           const DeviceKey& key, TimeRange range) {
  const DeviceActivity* device = find_activity(activity, key);
  if (device == nullptr) return std::nullopt;
  const OverlapFigures figures = lengths_in(*device, range);
  return SpanOverlap{range.length() - figures.compute, figures.compute, figures.comm};
}

std::vector<DeviceActivity> activity_in_area(const Trace& trace,
                                             const std::vector<DeviceActivity>& activity,
                                             TimeRange range, const std::vector<TrackId>& tracks) {
  std::vector<DeviceActivity> result;
  for (const DeviceActivity& device : activity)
    if (belongs(trace, tracks, device.key)) result.push_back(cut_activity(device, range));
  return result;
}

std::vector<DeviceOverlap> figures_by_exposed(const std::vector<DeviceActivity>& activity,
                                              TimeRange range) {
  std::vector<DeviceOverlap> result;
  for (const DeviceActivity& device : activity)
    result.push_back({device.key, lengths_in(device, range)});
  std::stable_sort(result.begin(), result.end(),
                   [](const DeviceOverlap& a, const DeviceOverlap& b) {
                     return a.figures.exposed > b.figures.exposed;
                   });
  return result;
}

std::size_t exposed_rank(const std::vector<DeviceOverlap>& overlap, const DeviceKey& key) {
  const auto own = std::find_if(overlap.begin(), overlap.end(),
                                [&](const DeviceOverlap& device) { return device.key == key; });
  if (own == overlap.end()) return 0;
  const auto more = std::count_if(overlap.begin(), overlap.end(), [&](const DeviceOverlap& device) {
    return device.figures.exposed > own->figures.exposed;
  });
  return static_cast<std::size_t>(more) + 1;
}

}  // namespace moescope
