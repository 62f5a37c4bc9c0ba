#include "core/analysis/overlap/exposed.h"

#include <algorithm>
#include <map>

#include "core/analysis/overlap/scope_at.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {
namespace {

/// Runs of one kernel name inside one interval.
struct Runs {
  TimeNs time = 0, longest = 0;
  SpanRef ref;
  SpanKind kind = SpanKind::Kernel;
};

TimeNs shared(const TimeRange& a, const TimeRange& b) {
  return std::min(a.end, b.end) - std::max(a.begin, b.begin);
}

/// The intervals of one device by start, and the runs inside each.
class DeviceCauses {
 public:
  DeviceCauses(const std::vector<Exposed>& intervals, const DeviceKey& key) {
    for (std::size_t i = 0; i < intervals.size(); ++i)
      if (intervals[i].key == key) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return intervals[a].range.begin < intervals[b].range.begin;
    });
    for (const std::size_t i : order_) ranges_.push_back(intervals[i].range);
    runs_.resize(ranges_.size());
  }

  TimeRange hull() const { return {ranges_.front().begin, ranges_.back().end}; }

  void add(TimeRange span, SpanKind kind, StringId name, SpanRef ref) {
    auto it = std::upper_bound(ranges_.begin(), ranges_.end(), span.begin,
                               [](TimeNs t, const TimeRange& range) { return t < range.end; });
    for (; it != ranges_.end() && it->begin < span.end; ++it) {
      Runs& runs = runs_[static_cast<std::size_t>(it - ranges_.begin())][name];
      const TimeNs inside = shared(span, *it);
      runs.time += inside;
      if (inside <= runs.longest) continue;
      runs.longest = inside;
      runs.ref = ref;
      runs.kind = kind;
    }
  }

  void add_causes(const Classification& classes, std::vector<ExposedCause>& causes) const {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const auto most = std::max_element(
          runs_[i].begin(), runs_[i].end(),
          [](const auto& a, const auto& b) { return a.second.time < b.second.time; });
      if (most == runs_[i].end()) continue;
      ExposedCause& cause = causes[order_[i]];
      cause.kernel = most->second.ref;
      cause.classified = classes.of(most->second.kind, most->first);
      cause.time = std::min(most->second.time, ranges_[i].length());
    }
  }

 private:
  std::vector<std::size_t> order_;  ///< of the intervals of all devices
  std::vector<TimeRange> ranges_;
  std::vector<std::map<StringId, Runs>> runs_;
};

void add_runs(const Trace& trace, const Classification& classes, const DeviceKey& key,
              DeviceCauses& device, const Progress& progress) {
  const TimeRange hull = device.hull();
  for (const TrackId track : tracks_of(trace, key))
    trace.visit_chunks(track, hull, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size() && c.start[row] < hull.end; ++row) {
        if (c.kind[row] != SpanKind::Kernel) continue;
        if (role_of(classes.of(c.kind[row], c.name[row]).span_class) != Role::Communication)
          continue;
        device.add({c.start[row], c.start[row] + c.duration[row]}, c.kind[row], c.name[row],
                   {track, first + static_cast<std::uint32_t>(row)});
      }
      return true;
    });
}

}  // namespace

std::vector<Exposed> exposed_intervals(const std::vector<DeviceActivity>& activity,
                                       const std::function<bool(const DeviceKey&)>& shows) {
  std::vector<Exposed> found;
  for (const DeviceActivity& device : activity) {
    if (!shows(device.key)) continue;
    const IntervalSet exposed = device.comm.subtract(device.compute);
    for (const TimeRange& range : exposed.intervals()) found.push_back({device.key, range});
  }
  std::stable_sort(found.begin(), found.end(), [](const Exposed& a, const Exposed& b) {
    return a.range.begin < b.range.begin;
  });
  return found;
}

std::vector<Exposed> exposed_intervals(const std::vector<DeviceActivity>& activity,
                                       const ScopeOverlap& scope) {
  std::vector<Exposed> found;
  const IntervalSet ranges = IntervalSet::union_of(scope.ranges);
  for (const DeviceActivity& device : activity) {
    if (device.key != scope.key) continue;
    const IntervalSet exposed = device.comm.subtract(device.compute).intersect(ranges);
    for (const TimeRange& range : exposed.intervals()) found.push_back({device.key, range});
  }
  return found;
}

std::vector<ExposedCause> exposed_causes(const Trace& trace, const Classification& classes,
                                         const std::vector<ScopeOverlap>& scopes,
                                         const std::vector<Exposed>& intervals,
                                         Progress& progress) {
  std::vector<ExposedCause> causes(intervals.size());
  std::vector<DeviceKey> keys;
  for (const Exposed& interval : intervals) keys.push_back(interval.key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const DeviceKey& key : keys) {
    DeviceCauses device(intervals, key);
    add_runs(trace, classes, key, device, progress);
    device.add_causes(classes, causes);
  }
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    causes[i].layer = scope_at(scopes, "layer", intervals[i].key, intervals[i].range);
    causes[i].micro_batch = scope_at(scopes, "micro_batch", intervals[i].key, intervals[i].range);
  }
  return causes;
}

}  // namespace moescope
