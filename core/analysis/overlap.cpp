#include "core/analysis/overlap.h"

#include <algorithm>
#include <limits>
#include <set>

#include "core/analysis/gpu_work.h"
#include "core/parallel.h"

namespace moescope {
namespace {

/// Everything that is gathered from the events of one device.
struct Gathered {
  DeviceActivity activity;
  OverlapFigures figures;
};

Gathered gather(const Trace& trace, const Classification& classes, const DeviceKey& key,
                std::optional<TimeRange> window) {
  Gathered g;
  g.activity.key = key;
  std::vector<TimeRange> compute, comm, memory, wait;
  TimeNs first = std::numeric_limits<TimeNs>::max(), last = std::numeric_limits<TimeNs>::min();
  for_each_gpu_span(trace, tracks_of(trace, key), window,
                    [&](const SpanColumns& c, std::size_t row, TimeRange span) {
                      first = std::min(first, span.begin);
                      last = std::max(last, span.end);
                      const auto named = classes.of(c.kind[row], c.name[row]);
                      switch (role_of(named.span_class)) {
                        case Role::Compute:
                          ++g.figures.compute_events;
                          compute.push_back(span);
                          break;
                        case Role::Communication:
                          ++g.figures.comm_events;
                          comm.push_back(span);
                          if (named.waits) wait.push_back(span);
                          break;
                        case Role::Memory:
                          ++g.figures.memory_events;
                          memory.push_back(span);
                          break;
                        case Role::None:
                          break;
                      }
                    });
  g.activity.compute = IntervalSet::union_of(std::move(compute));
  g.activity.comm = IntervalSet::union_of(std::move(comm));
  g.activity.memory = IntervalSet::union_of(std::move(memory));
  g.activity.wait = IntervalSet::union_of(std::move(wait));
  g.figures.span = last > first ? last - first : 0;
  return g;
}

/// Lengths of the unions; `span` and the counts are the caller's.
void measure(const DeviceActivity& a, OverlapFigures& f) {
  f.compute = a.compute.length();
  f.comm = a.comm.length();
  f.memory = a.memory.length();
  f.wait = a.wait.length();
  f.overlap = a.comm.intersect(a.compute).length();
  f.exposed = f.comm - f.overlap;
  f.busy = a.compute.unite(a.comm).unite(a.memory).length();
  f.idle = f.span - f.busy;
}

std::vector<Gathered> gather_all(const Trace& trace, const Classification& classes,
                                 std::optional<TimeRange> window) {
  const auto keys = devices_with_work(trace);
  std::vector<Gathered> all(keys.size());
  parallel_for(keys.size(),
               [&](std::size_t i) { all[i] = gather(trace, classes, keys[i], window); });
  return all;
}

}  // namespace

std::optional<double> OverlapFigures::overlap_percent() const {
  if (comm == 0) return std::nullopt;
  return 100.0 * static_cast<double>(overlap) / static_cast<double>(comm);
}

std::vector<TrackId> tracks_of(const Trace& trace, const DeviceKey& key) {
  std::vector<TrackId> result;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const auto& track = trace.tracks()[id];
    if (track.type == TrackType::DeviceStream && track.process == key.process &&
        track.device == key.device)
      result.push_back(id);
  }
  return result;
}

const Device* find_device(const Trace& trace, const DeviceKey& key) {
  for (const auto& device : trace.devices())
    if (device.process == key.process && device.index == key.device) return &device;
  return nullptr;
}

std::vector<DeviceKey> devices_with_work(const Trace& trace) {
  std::set<DeviceKey> keys;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const auto& track = trace.tracks()[id];
    const DeviceKey key{track.process, track.device};
    if (track.type != TrackType::DeviceStream || keys.contains(key)) continue;
    trace.visit_chunks(id, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto& kinds = chunk.columns().kind;
      if (std::none_of(kinds.begin(), kinds.end(), is_gpu_work)) return true;
      keys.insert(key);
      return false;
    });
  }
  return {keys.begin(), keys.end()};
}

std::vector<DeviceActivity> device_activity(const Trace& trace, const Classification& classes,
                                            std::optional<TimeRange> window) {
  std::vector<DeviceActivity> result;
  for (auto& g : gather_all(trace, classes, window)) result.push_back(std::move(g.activity));
  return result;
}

std::vector<DeviceOverlap> analyze_overlap(const Trace& trace, const Classification& classes,
                                           std::optional<TimeRange> window) {
  std::vector<DeviceOverlap> result;
  for (auto& g : gather_all(trace, classes, window)) {
    measure(g.activity, g.figures);
    result.push_back({g.activity.key, g.figures});
  }
  return result;
}

}  // namespace moescope
