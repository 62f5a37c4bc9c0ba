// Overlap per annotation, layer, micro-batch and phase: the device's figures cut to the windows in
// which the GPU work launched inside an annotation ran.
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/analysis/gpu_work.h"
#include "core/analysis/overlap.h"

namespace moescope {
namespace {

using LaunchKey = std::uint64_t;  ///< process << 32 | correlation
LaunchKey launch_key(ProcessId process, std::uint32_t correlation) {
  return (LaunchKey{process} << 32) | correlation;
}

/// Where the GPU work of one launch ran; the hull when one launch owns many kernels.
struct LaunchedWork {
  int device = 0;
  TimeRange hull;
};

std::unordered_map<LaunchKey, LaunchedWork> launched_work(const Trace& trace) {
  std::unordered_map<LaunchKey, LaunchedWork> work;
  for (const auto& key : devices_with_work(trace)) {
    for_each_gpu_span(
        trace, tracks_of(trace, key), std::nullopt,
        [&](const SpanColumns& c, std::size_t row, TimeRange span) {
          if (c.correlation[row] == 0) return;
          auto& entry = work.try_emplace(launch_key(key.process, c.correlation[row]),
                                         LaunchedWork{key.device, span})
                            .first->second;
          entry.hull = {std::min(entry.hull.begin, span.begin), std::max(entry.hull.end, span.end)};
        });
  }
  return work;
}

struct Annotation {
  StringId name;
  TimeRange host;
};

/// Annotations and launches of one host thread.
struct ThreadMarks {
  std::vector<Annotation> annotations;
  std::vector<std::pair<TimeNs, std::uint32_t>> launches;  ///< (start, correlation), by start
};

ThreadMarks marks_of(const Trace& trace, TrackId track) {
  ThreadMarks marks;
  trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    const auto& c = chunk.columns();
    for (std::size_t row = 0; row < c.size(); ++row) {
      if (c.kind[row] == SpanKind::Annotation || c.kind[row] == SpanKind::Phase)
        marks.annotations.push_back({c.name[row], {c.start[row], c.start[row] + c.duration[row]}});
      else if (c.kind[row] == SpanKind::Runtime && c.correlation[row] != 0)
        marks.launches.emplace_back(c.start[row], c.correlation[row]);
    }
    return true;
  });
  return marks;
}

/// Kind and name of the scopes an annotation stands for: itself, and the layer, micro-batch or
/// phase that its name tells.
std::vector<std::pair<std::string, std::string>> scopes_of(std::string_view name) {
  static const RE2 layer(R"((?i)\blayers?[ ._:#\[]?(\d+))");
  static const RE2 micro_batch(R"((?i)\b(?:mb|micro[ _-]?batch|ubatch)[ ._:#]?(\d+))");
  static const RE2 phase(R"((?i)\b(prefill|decode)\b)");
  std::vector<std::pair<std::string, std::string>> result = {{"annotation", std::string(name)}};
  const re2::StringPiece text(name.data(), name.size());
  std::string value;
  if (RE2::PartialMatch(text, layer, &value)) result.emplace_back("layer", value);
  if (RE2::PartialMatch(text, micro_batch, &value)) result.emplace_back("micro_batch", value);
  if (RE2::PartialMatch(text, phase, &value)) {
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    result.emplace_back("phase", value);
  }
  return result;
}

/// Windows of every scope, by device.
using ScopeKey = std::tuple<std::string, std::string, DeviceKey>;
using ScopeWindows = std::map<ScopeKey, std::vector<TimeRange>>;

void collect(const Trace& trace, TrackId track,
             const std::unordered_map<LaunchKey, LaunchedWork>& work, ScopeWindows& windows) {
  const ProcessId process = trace.tracks()[track].process;
  const ThreadMarks marks = marks_of(trace, track);
  std::unordered_map<StringId, std::vector<std::pair<std::string, std::string>>> scopes;
  for (const auto& annotation : marks.annotations) {
    std::map<int, TimeRange> by_device;
    auto it = std::lower_bound(marks.launches.begin(), marks.launches.end(), annotation.host.begin,
                               [](const auto& launch, TimeNs time) { return launch.first < time; });
    for (; it != marks.launches.end() && it->first < annotation.host.end; ++it) {
      const auto found = work.find(launch_key(process, it->second));
      if (found == work.end()) continue;
      const auto& [device, hull] = found->second;
      auto& range = by_device.try_emplace(device, hull).first->second;
      range = {std::min(range.begin, hull.begin), std::max(range.end, hull.end)};
    }
    if (by_device.empty()) continue;
    const auto [entry, added] = scopes.try_emplace(annotation.name);
    if (added) entry->second = scopes_of(trace.strings()[annotation.name]);
    for (const auto& [kind, name] : entry->second)
      for (const auto& [device, range] : by_device)
        windows[{kind, name, {process, device}}].push_back(range);
  }
}

/// Annotations that are already on a stream cover what they say.
void collect_gpu_annotations(const Trace& trace, TrackId track, ScopeWindows& windows) {
  const auto& t = trace.tracks()[track];
  trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    const auto& c = chunk.columns();
    for (std::size_t row = 0; row < c.size(); ++row)
      if (c.kind[row] == SpanKind::GpuAnnotation)
        for (const auto& [kind, name] : scopes_of(trace.strings()[c.name[row]]))
          if (kind != "annotation")
            windows[{kind, name, {t.process, t.device}}].push_back(
                {c.start[row], c.start[row] + c.duration[row]});
    return true;
  });
}

OverlapFigures cut(const DeviceActivity& activity, const TimeRange& window) {
  OverlapFigures f;
  const auto compute = activity.compute.clip(window), comm = activity.comm.clip(window),
             memory = activity.memory.clip(window);
  f.span = window.length();
  f.compute = compute.length();
  f.comm = comm.length();
  f.memory = memory.length();
  f.wait = activity.wait.clip(window).length();
  f.overlap = comm.intersect(compute).length();
  f.exposed = f.comm - f.overlap;
  f.busy = compute.unite(comm).unite(memory).length();
  f.idle = f.span - f.busy;
  return f;
}

void add(OverlapFigures& sum, const OverlapFigures& f) {
  for (const auto member :
       {&OverlapFigures::span, &OverlapFigures::busy, &OverlapFigures::idle,
        &OverlapFigures::compute, &OverlapFigures::comm, &OverlapFigures::memory,
        &OverlapFigures::overlap, &OverlapFigures::exposed, &OverlapFigures::wait})
    sum.*member += f.*member;
}

}  // namespace

std::vector<ScopeOverlap> analyze_scopes(const Trace& trace, const Classification& classes) {
  ScopeWindows windows;
  const auto work = launched_work(trace);
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].type == TrackType::DeviceStream)
      collect_gpu_annotations(trace, track, windows);
    else
      collect(trace, track, work, windows);
  }
  std::map<DeviceKey, DeviceActivity> activity;
  for (auto& device : device_activity(trace, classes))
    activity.emplace(device.key, std::move(device));
  std::vector<ScopeOverlap> result;
  for (const auto& [key, ranges] : windows) {
    const auto& [kind, name, device] = key;
    const auto found = activity.find(device);
    if (found == activity.end()) continue;
    ScopeOverlap scope{kind, name, device, ranges.size(), {}};
    for (const auto& range : ranges) add(scope.figures, cut(found->second, range));
    result.push_back(std::move(scope));
  }
  return result;
}

}  // namespace moescope
