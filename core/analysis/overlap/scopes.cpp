// Overlap per annotation, layer, micro-batch and phase: the device's figures cut to the windows in
// which the GPU work launched inside an annotation ran.
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "core/analysis/overlap/device_work.h"
#include "core/analysis/overlap/overlap.h"
#include "core/analysis/spans/launch_index.h"

namespace moescope {
namespace {

/// A span that names a part of the trace.
struct Mark {
  SpanKind kind;
  StringId name;
  TimeRange time;
};

/// Marks and launches of one host thread or worker.
struct ThreadMarks {
  std::vector<Mark> marks;
  std::vector<std::pair<TimeNs, std::uint32_t>> launches;  ///< (start, correlation), by start
};

ThreadMarks marks_of(const Trace& trace, TrackId track, const Progress& progress) {
  ThreadMarks found;
  trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    progress.check();
    const auto& c = chunk.columns();
    for (std::size_t row = 0; row < c.size(); ++row) {
      if (names_scope(c.kind[row]))
        found.marks.push_back(
            {c.kind[row], c.name[row], {c.start[row], c.start[row] + c.duration[row]}});
      else if (c.kind[row] == SpanKind::Runtime && c.correlation[row] != 0)
        found.launches.emplace_back(c.start[row], c.correlation[row]);
    }
    return true;
  });
  return found;
}

/// Gathers the windows of every scope, by device.
class Windows {
 public:
  using Key = std::tuple<std::string, std::string, DeviceKey>;

  Windows(const Trace& trace, const LaunchIndex& launches, const std::vector<DeviceWork>& devices,
          const Progress& progress)
      : trace_(trace), launches_(launches), devices_(devices), progress_(progress) {}

  void add_track(TrackId track) {
    const auto found = marks_of(trace_, track, progress_);
    for (const auto& mark : found.marks) {
      progress_.check();
      const auto& t = trace_.tracks()[track];
      if (mark.kind == SpanKind::GpuAnnotation) {
        add(mark, {t.process, t.device}, mark.time);
        continue;
      }
      const auto launched = launched_inside(t.process, found, mark.time);
      for (const auto& [device, range] : launched) add(mark, {t.process, device}, range);
      if (launched.empty() && mark.kind == SpanKind::Phase && t.type == TrackType::Worker)
        add_worker_phase(mark, t);
    }
  }

  std::map<Key, std::vector<TimeRange>> take() { return std::move(windows_); }

 private:
  /// From the first start to the last end of the GPU work launched inside `host`, by device.
  std::map<int, TimeRange> launched_inside(ProcessId process, const ThreadMarks& thread,
                                           TimeRange host) const {
    std::map<int, TimeRange> by_device;
    auto it = std::lower_bound(thread.launches.begin(), thread.launches.end(), host.begin,
                               [](const auto& launch, TimeNs time) { return launch.first < time; });
    for (; it != thread.launches.end() && it->first < host.end; ++it) {
      for (const auto& work : launches_.work(process, it->second)) {
        const TimeRange span{work.start, work.end};
        auto& range =
            by_device.try_emplace(trace_.tracks()[work.ref.track].device, span).first->second;
        range = {std::min(range.begin, span.begin), std::max(range.end, span.end)};
      }
    }
    return by_device;
  }

  /// A worker launches nothing: its phase covers itself, on its device or on all of its process.
  void add_worker_phase(const Mark& mark, const Track& track) {
    for (const auto& device : devices_) {
      const DeviceKey& key = device.activity.key;
      if (key.process == track.process && (track.device < 0 || track.device == key.device))
        add(mark, key, mark.time);
    }
  }

  void add(const Mark& mark, const DeviceKey& device, TimeRange range) {
    const auto [entry, added] = names_.try_emplace({mark.kind, mark.name});
    if (added) entry->second = scope_names(mark.kind, trace_.strings()[mark.name]);
    for (const auto& [kind, name] : entry->second) windows_[{kind, name, device}].push_back(range);
  }

  const Trace& trace_;
  const LaunchIndex& launches_;
  const std::vector<DeviceWork>& devices_;
  const Progress& progress_;
  std::map<std::pair<SpanKind, StringId>, std::vector<ScopeName>> names_;
  std::map<Key, std::vector<TimeRange>> windows_;
};

}  // namespace

bool names_scope(SpanKind kind) {
  return kind == SpanKind::Annotation || kind == SpanKind::Phase || kind == SpanKind::GpuAnnotation;
}

std::vector<ScopeName> scope_names(SpanKind kind, std::string_view name) {
  static const RE2 layer(R"((?i)\blayers?[ ._:#\[]?(\d+))");
  static const RE2 micro_batch(R"((?i)\b(?:mb|micro[ _-]?batch|ubatch)[ ._:#]?(\d+))");
  static const RE2 phase(R"((?i)\b(prefill|decode)\b)");
  std::vector<ScopeName> result = {
      {kind == SpanKind::Phase ? "phase" : "annotation", std::string(name)}};
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

OverlapFigures figures_inside(const DeviceWork& work, const IntervalSet& windows) {
  OverlapFigures f;
  if (windows.empty()) return f;
  f.comm_events = work.comm.touching(windows);
  f.compute_events = work.compute.touching(windows);
  f.memory_events = work.memory.touching(windows);
  f.fused_events = work.fused.touching(windows);
  f.span = windows.length();
  const TimeRange hull{windows.intervals().front().begin, windows.intervals().back().end};
  const auto inside = [&](const IntervalSet& set) { return set.clip(hull).intersect(windows); };
  const auto& a = work.activity;
  measure(
      {a.key, inside(a.compute), inside(a.comm), inside(a.memory), inside(a.wait), inside(a.fused)},
      f);
  return f;
}

bool names_scopes(const Trace& trace, const Progress& progress) {
  bool found = false;
  for (TrackId track = 0; track < trace.tracks().size() && !found; ++track)
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      const auto& kinds = chunk.columns().kind;
      found = std::any_of(kinds.begin(), kinds.end(), names_scope);
      return !found;
    });
  return found;
}

namespace {

/// The scope on one of `devices`, cut to `window`; nullopt when nothing is left of it.
std::optional<ScopeOverlap> scope_inside(const std::string& kind, const std::string& name,
                                         const DeviceKey& device, IntervalSet ranges,
                                         const std::vector<DeviceWork>& devices,
                                         std::optional<TimeRange> window) {
  const auto work = std::find_if(devices.begin(), devices.end(),
                                 [&](const DeviceWork& w) { return w.activity.key == device; });
  if (work == devices.end()) return std::nullopt;
  if (window) ranges = ranges.clip(*window);
  if (ranges.empty()) return std::nullopt;
  return ScopeOverlap{kind,
                      name,
                      device,
                      ranges.intervals().size(),
                      figures_inside(*work, ranges),
                      ranges.intervals()};
}

}  // namespace

std::vector<ScopeOverlap> scopes_of(const Trace& trace, const std::vector<DeviceWork>& devices,
                                    std::optional<TimeRange> window, Progress& progress) {
  const LaunchIndex launches(trace, progress);
  Windows windows(trace, launches, devices, progress);
  for (TrackId track = 0; track < trace.tracks().size(); ++track) windows.add_track(track);
  std::vector<ScopeOverlap> result;
  for (auto& [key, ranges] : windows.take()) {
    progress.check();
    auto scope = scope_inside(std::get<0>(key), std::get<1>(key), std::get<2>(key),
                              IntervalSet::union_of(std::move(ranges)), devices, window);
    if (scope) result.push_back(std::move(*scope));
  }
  return result;
}

OverlapResults cut_overlap(const Trace& trace, const Classification& classes,
                           const std::vector<ScopeOverlap>& scopes, TimeRange window,
                           Progress& progress) {
  auto devices = gather_devices(trace, classes, {window, !scopes.empty()}, progress);
  std::vector<ScopeOverlap> cut;
  for (const ScopeOverlap& whole : scopes) {
    progress.check();
    auto scope = scope_inside(whole.kind, whole.name, whole.key,
                              IntervalSet::union_of(whole.ranges), devices, window);
    if (scope) cut.push_back(std::move(*scope));
  }
  OverlapResults results = results_of(std::move(devices));
  results.scopes = std::move(cut);
  return results;
}

}  // namespace moescope
