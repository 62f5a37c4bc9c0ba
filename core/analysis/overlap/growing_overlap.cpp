#include "core/analysis/overlap/growing_overlap.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "core/analysis/overlap/device_work.h"
#include "core/analysis/spans/new_spans.h"
#include "core/parallel.h"

namespace moescope {
namespace {

constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();

/// Adds (`sign` 1) or takes away (-1) what a part of the time contributes.
void add(OverlapFigures& to, const OverlapFigures& part, int sign) {
  const auto factor = static_cast<std::uint64_t>(sign);  // counts wrap around and back
  to.comm_events += factor * part.comm_events;
  to.compute_events += factor * part.compute_events;
  to.memory_events += factor * part.memory_events;
  to.fused_events += factor * part.fused_events;
  for (const auto field : {&OverlapFigures::span, &OverlapFigures::busy, &OverlapFigures::idle,
                           &OverlapFigures::compute, &OverlapFigures::comm, &OverlapFigures::memory,
                           &OverlapFigures::overlap, &OverlapFigures::exposed,
                           &OverlapFigures::wait, &OverlapFigures::fused})
    to.*field += sign * (part.*field);
}

/// GPU work by its role.
struct Work {
  std::vector<TimeRange> compute, comm, memory, wait, fused;

  void add(TimeRange span, const ClassifiedName& named) {
    auto* side = of_role(role_of(named.span_class), compute, comm, memory, fused);
    if (side != nullptr) side->push_back(span);
    if (side == &comm && named.waits) wait.push_back(span);
  }
};

/// What is known of one device.
class GrowingDevice {
 public:
  explicit GrowingDevice(const DeviceKey& key) { activity_.key = key; }

  void add_work(TimeRange span, const ClassifiedName& named) {
    new_from_ = std::min(new_from_, span.begin);
    extent_ = has_work_
                  ? TimeRange{std::min(extent_.begin, span.begin), std::max(extent_.end, span.end)}
                  : span;
    has_work_ = true;
    new_work_.add(span, named);
  }
  /// Annotation `name`, of the string `id`, covers `window`.
  void add_window(SpanKind kind, StringId id, std::string_view name, TimeRange window) {
    new_from_ = std::min(new_from_, window.begin);
    const auto [entry, added] = by_span_.try_emplace({kind, id});
    if (added)
      for (const ScopeName& scope : scope_names(kind, name))
        entry->second.push_back(&scopes_[scope]);
    for (Scope* scope : entry->second) scope->added.push_back(window);
  }
  /// Brings the figures up to date; `read` is the number of spans of each track that were known
  /// before.
  void measure_new(const Trace& trace, const Classification& classes,
                   const std::vector<std::uint64_t>& read, const Progress& progress);

  bool has_work() const { return has_work_; }
  DeviceActivity activity() const {
    auto result = activity_;
    leave_out_fused(result);
    return result;
  }
  OverlapFigures figures() const {
    OverlapFigures f = figures_;
    f.span = std::max<TimeNs>(extent_.length(), 0);
    f.idle = f.span - f.busy;
    return f;
  }
  /// Adds a result for each scope that covers something.
  void add_scopes(std::vector<ScopeOverlap>& all) const {
    for (const auto& [name, scope] : scopes_) {
      const auto& ranges = scope.windows.intervals();
      if (!ranges.empty())
        all.push_back(
            {name.first, name.second, activity_.key, ranges.size(), scope.figures, ranges});
    }
  }

 private:
  struct Scope {
    IntervalSet windows;
    OverlapFigures figures;
    std::vector<TimeRange> added;  ///< since measure_new()
  };
  DeviceActivity activity_from(TimeNs time) const {
    const auto& a = activity_;
    DeviceActivity late{a.key,
                        a.compute.from(time),
                        a.comm.from(time),
                        a.memory.from(time),
                        a.wait.from(time),
                        a.fused.from(time)};
    leave_out_fused(late);
    return late;
  }
  /// Work that may share time with what lies from new_from_ on: known before, and with the new.
  std::pair<Work, Work> late_work(const Trace& trace, const Classification& classes,
                                  const std::vector<std::uint64_t>& read,
                                  const Progress& progress) const;
  void measure_scopes(DeviceWork& before, DeviceWork& after);

  DeviceActivity activity_;  ///< with communication beside fused kernels
  OverlapFigures figures_;   ///< without span and idle
  TimeRange extent_;
  bool has_work_ = false;
  std::map<ScopeName, Scope> scopes_;
  std::map<std::pair<SpanKind, StringId>, std::vector<Scope*>> by_span_;
  Work new_work_;
  TimeNs new_from_ = kNever;  ///< earliest of what was added
};

void GrowingDevice::measure_new(const Trace& trace, const Classification& classes,
                                const std::vector<std::uint64_t>& read, const Progress& progress) {
  if (new_from_ == kNever) return;
  DeviceWork before, after;
  before.activity = activity_from(new_from_);
  figures_.compute_events += new_work_.compute.size();
  figures_.comm_events += new_work_.comm.size();
  figures_.memory_events += new_work_.memory.size();
  figures_.fused_events += new_work_.fused.size();
  activity_.compute.add(std::move(new_work_.compute));
  activity_.comm.add(std::move(new_work_.comm));
  activity_.memory.add(std::move(new_work_.memory));
  activity_.wait.add(std::move(new_work_.wait));
  activity_.fused.add(std::move(new_work_.fused));
  after.activity = activity_from(new_from_);
  measure(before.activity, before.figures);
  measure(after.activity, after.figures);
  add(figures_, before.figures, -1);
  add(figures_, after.figures, 1);
  if (!scopes_.empty()) {
    auto [known, all] = late_work(trace, classes, read, progress);
    before.compute = EventIndex(std::move(known.compute));
    before.comm = EventIndex(std::move(known.comm));
    before.memory = EventIndex(std::move(known.memory));
    before.fused = EventIndex(std::move(known.fused));
    after.compute = EventIndex(std::move(all.compute));
    after.comm = EventIndex(std::move(all.comm));
    after.memory = EventIndex(std::move(all.memory));
    after.fused = EventIndex(std::move(all.fused));
    measure_scopes(before, after);
  }
  new_work_ = {};
  new_from_ = kNever;
}

std::pair<Work, Work> GrowingDevice::late_work(const Trace& trace, const Classification& classes,
                                               const std::vector<std::uint64_t>& read,
                                               const Progress& progress) const {
  std::pair<Work, Work> found;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const Track& track = trace.tracks()[id];
    if (track.type != TrackType::DeviceStream || track.process != activity_.key.process ||
        track.device != activity_.key.device)
      continue;
    trace.visit_chunks(id, {new_from_, kNever}, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const SpanColumns& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        const TimeRange span{c.start[row], c.start[row] + c.duration[row]};
        if (!is_gpu_work(c.kind[row]) || (span.begin < new_from_ && span.end <= new_from_))
          continue;
        const auto named = classes.of(c.kind[row], c.name[row]);
        if (first + row < read[id]) found.first.add(span, named);
        found.second.add(span, named);
      }
      return true;
    });
  }
  return found;
}

/// An event that ends before the new may not touch more windows than before; all others are counted
/// again, with the windows that they can touch.
void GrowingDevice::measure_scopes(DeviceWork& before, DeviceWork& after) {
  TimeNs from = new_from_;
  for (const EventIndex* events : {&after.compute, &after.comm, &after.memory, &after.fused})
    from = std::min(from, events->first_begin().value_or(kNever));
  for (auto& [name, scope] : scopes_) {
    add(scope.figures, figures_inside(before, scope.windows.from(from)), -1);
    scope.windows.add(std::exchange(scope.added, {}));
    add(scope.figures, figures_inside(after, scope.windows.from(from)), 1);
  }
}

}  // namespace

struct GrowingOverlap::State {
  std::vector<std::uint64_t> read;  ///< spans, by track
  std::map<DeviceKey, GrowingDevice> devices;
  bool whole = false;  ///< analysed whole every time

  GrowingDevice& device(const Track& track) {
    const DeviceKey key{track.process, track.device};
    return devices.try_emplace(key, key).first->second;
  }
  void read_track(const Trace& trace, const Classification& classes, TrackId id);
  OverlapResults results() const;
};

void GrowingOverlap::State::read_track(const Trace& trace, const Classification& classes,
                                       TrackId id) {
  const Track& track = trace.tracks()[id];
  const bool stream = track.type == TrackType::DeviceStream;
  GrowingDevice* to = stream ? &device(track) : nullptr;
  visit_new_spans(trace, id, read[id], [&](const SpanColumns& c, std::size_t row) {
    const SpanKind kind = c.kind[row];
    const TimeRange span{c.start[row], c.start[row] + c.duration[row]};
    if (stream && is_gpu_work(kind))
      to->add_work(span, classes.of(kind, c.name[row]));
    else if (kind == SpanKind::GpuAnnotation)
      (stream ? *to : device(track))
          .add_window(kind, c.name[row], trace.strings()[c.name[row]], span);
    else
      whole |= (kind == SpanKind::Runtime && c.correlation[row] != 0) ||
               (kind == SpanKind::Phase && track.type == TrackType::Worker);
  });
}

OverlapResults GrowingOverlap::State::results() const {
  OverlapResults results;
  for (const auto& [key, device] : devices) {
    if (!device.has_work()) continue;
    results.activity.push_back(device.activity());
    results.overlap.push_back({key, device.figures()});
    device.add_scopes(results.scopes);
  }
  std::sort(results.scopes.begin(), results.scopes.end(),
            [](const ScopeOverlap& a, const ScopeOverlap& b) {
              return std::tie(a.kind, a.name, a.key) < std::tie(b.kind, b.name, b.key);
            });
  return results;
}

GrowingOverlap::GrowingOverlap() : state_(std::make_unique<State>()) {}
GrowingOverlap::~GrowingOverlap() = default;

OverlapResults GrowingOverlap::update(const Trace& trace, const Classification& classes,
                                      Progress& progress) {
  State& s = *state_;
  s.read.resize(trace.tracks().size());
  for (TrackId id = 0; id < s.read.size() && !s.whole; ++id) {
    progress.check();
    s.read_track(trace, classes, id);
  }
  if (s.whole) {
    s.devices.clear();
    return analyze_overlap_and_scopes(trace, classes, {}, progress);
  }
  std::vector<GrowingDevice*> devices;
  for (auto& [key, device] : s.devices) devices.push_back(&device);
  parallel_for(devices.size(),
               [&](std::size_t i) { devices[i]->measure_new(trace, classes, s.read, progress); });
  for (TrackId id = 0; id < s.read.size(); ++id) s.read[id] = trace.span_count(id);
  return s.results();
}

}  // namespace moescope
