#include "core/analysis/overlap/overlap.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/analysis/overlap/device_work.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/parallel.h"

namespace moescope {
namespace {

/// Adds `span` to a union in the making: what continues the last one makes it longer.
void extend(std::vector<TimeRange>& list, TimeRange span) {
  if (span.empty()) return;
  if (!list.empty() && list.back().begin <= span.begin && span.begin <= list.back().end)
    list.back().end = std::max(list.back().end, span.end);
  else
    list.push_back(span);
}

using DeviceTracks = std::map<DeviceKey, std::vector<TrackId>>;

/// The stream tracks of every device, in one pass: a trace can have as many devices as tracks.
DeviceTracks stream_tracks(const Trace& trace) {
  DeviceTracks result;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const Track& track = trace.tracks()[id];
    if (track.type == TrackType::DeviceStream) result[{track.process, track.device}].push_back(id);
  }
  return result;
}

DeviceWork gather(const Trace& trace, const Classification& classes, const DeviceKey& key,
                  const std::vector<TrackId>& tracks, const GatherOptions& options,
                  const Progress& progress) {
  DeviceWork work;
  work.activity.key = key;
  auto& f = work.figures;
  struct Side {
    std::vector<TimeRange> united, events;
    std::uint64_t count = 0;
  };
  Side compute, comm, memory, fused;
  std::vector<TimeRange> wait;
  const auto add = [&](Side& side, TimeRange span) {
    ++side.count;
    extend(side.united, span);
    if (options.events) side.events.push_back(span);
  };
  TimeNs first = std::numeric_limits<TimeNs>::max(), last = std::numeric_limits<TimeNs>::min();
  for_each_gpu_span(trace, tracks, options.window, progress,
                    [&](const SpanColumns& c, std::size_t row, TimeRange span) {
                      first = std::min(first, span.begin);
                      last = std::max(last, span.end);
                      const auto named = classes.of(c.kind[row], c.name[row]);
                      Side* side = of_role(role_of(named.span_class), compute, comm, memory, fused);
                      if (side != nullptr) add(*side, span);
                      if (side == &comm && named.waits) extend(wait, span);
                    });
  f.compute_events = compute.count;
  f.comm_events = comm.count;
  f.memory_events = memory.count;
  f.fused_events = fused.count;
  f.span = last > first ? last - first : 0;
  if (options.events) {
    work.compute = EventIndex(std::move(compute.events));
    work.comm = EventIndex(std::move(comm.events));
    work.memory = EventIndex(std::move(memory.events));
    work.fused = EventIndex(std::move(fused.events));
  }
  work.activity.compute = IntervalSet::union_of(std::move(compute.united));
  work.activity.comm = IntervalSet::union_of(std::move(comm.united));
  work.activity.memory = IntervalSet::union_of(std::move(memory.united));
  work.activity.wait = IntervalSet::union_of(std::move(wait));
  work.activity.fused = IntervalSet::union_of(std::move(fused.united));
  leave_out_fused(work.activity);
  measure(work.activity, f);
  return work;
}

}  // namespace

void leave_out_fused(DeviceActivity& activity) {
  if (activity.fused.empty()) return;
  activity.comm = activity.comm.subtract(activity.fused);
  activity.wait = activity.wait.subtract(activity.fused);
}

void measure(const DeviceActivity& a, OverlapFigures& f) {
  f.compute = a.compute.length();
  f.comm = a.comm.length();
  f.memory = a.memory.length();
  f.wait = a.wait.length();
  f.fused = a.fused.length();
  f.overlap = a.comm.intersect(a.compute).length();
  f.exposed = f.comm - f.overlap;
  f.busy = a.compute.unite(a.comm).unite(a.memory).unite(a.fused).length();
  f.idle = f.span - f.busy;
}

std::vector<DeviceWork> gather_devices(const Trace& trace, const Classification& classes,
                                       const GatherOptions& options, Progress& progress) {
  progress.report(0, "gathering GPU work");
  const auto keys = devices_with_work(trace);
  const auto tracks = stream_tracks(trace);
  std::vector<DeviceWork> all(keys.size());
  parallel_for(keys.size(), [&](std::size_t i) {
    all[i] = gather(trace, classes, keys[i], tracks.at(keys[i]), options, progress);
  });
  return all;
}

std::optional<double> OverlapFigures::overlap_percent() const {
  if (comm == 0) return std::nullopt;
  return 100.0 * static_cast<double>(overlap) / static_cast<double>(comm);
}

std::optional<double> OverlapFigures::fused_percent() const {
  if (fused_events == 0) return std::nullopt;
  const TimeNs all = comm + fused;
  return all > 0 ? 100.0 * static_cast<double>(fused) / static_cast<double>(all) : 0.0;
}

OverlapFigures sum_of(const std::vector<DeviceOverlap>& devices) {
  OverlapFigures sum;
  for (const DeviceOverlap& device : devices) {
    const OverlapFigures& f = device.figures;
    sum.comm_events += f.comm_events;
    sum.compute_events += f.compute_events;
    sum.memory_events += f.memory_events;
    sum.fused_events += f.fused_events;
    sum.span += f.span;
    sum.busy += f.busy;
    sum.idle += f.idle;
    sum.compute += f.compute;
    sum.comm += f.comm;
    sum.memory += f.memory;
    sum.overlap += f.overlap;
    sum.exposed += f.exposed;
    sum.wait += f.wait;
    sum.fused += f.fused;
  }
  return sum;
}

const DeviceActivity* find_activity(const std::vector<DeviceActivity>& activity,
                                    const DeviceKey& key) {
  const auto found = std::find_if(activity.begin(), activity.end(),
                                  [&](const DeviceActivity& device) { return device.key == key; });
  return found == activity.end() ? nullptr : &*found;
}

DeviceActivity cut_activity(const DeviceActivity& device, TimeRange window) {
  return {device.key,
          device.compute.clip(window),
          device.comm.clip(window),
          device.memory.clip(window),
          device.wait.clip(window),
          device.fused.clip(window)};
}

OverlapFigures lengths_in(const DeviceActivity& device, TimeRange window) {
  OverlapFigures f;
  if (window.empty()) return f;
  f.span = window.length();
  measure(cut_activity(device, window), f);
  return f;
}

std::vector<ScopeOverlap> analyze_scopes(const Trace& trace, const Classification& classes,
                                         std::optional<TimeRange> window, Progress& progress) {
  return analyze_overlap_and_scopes(trace, classes, window, progress).scopes;
}

OverlapResults results_of(std::vector<DeviceWork> devices) {
  OverlapResults results;
  for (auto& work : devices) {
    results.overlap.push_back({work.activity.key, work.figures});
    results.activity.push_back(std::move(work.activity));
  }
  return results;
}

OverlapResults analyze_overlap(const Trace& trace, const Classification& classes,
                               std::optional<TimeRange> window, Progress& progress) {
  return results_of(gather_devices(trace, classes, {window, false}, progress));
}

OverlapResults analyze_overlap_and_scopes(const Trace& trace, const Classification& classes,
                                          std::optional<TimeRange> window, Progress& progress) {
  const bool named = names_scopes(trace, progress);
  auto devices = gather_devices(trace, classes, {window, named}, progress);
  std::vector<ScopeOverlap> scopes;
  if (named) scopes = scopes_of(trace, devices, window, progress);
  OverlapResults results = results_of(std::move(devices));
  results.scopes = std::move(scopes);
  return results;
}

}  // namespace moescope
