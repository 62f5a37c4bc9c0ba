#include "core/analysis/critical_path/critical_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/analysis/spans/gpu_work.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

/// GPU work of one device, cut to the window, by end.
struct Work {
  TimeRange time;
  SpanClass span_class;
  bool waits;
  SpanRef span;
};

/// The work of one device, to be walked back through.
class DeviceWalk {
 public:
  DeviceWalk(const Trace& trace, const Classification& classes, const DeviceKey& key,
             TimeRange window, const Progress& progress) {
    for (const TrackId track : tracks_of(trace, key))
      trace.visit_chunks(track, window, [&](const SpanChunk& chunk, std::uint32_t first) {
        progress.check();
        const auto& c = chunk.columns();
        for (std::size_t row = 0; row < c.size(); ++row) {
          const TimeRange time{std::max(c.start[row], window.begin),
                               std::min(c.start[row] + c.duration[row], window.end)};
          if (!is_gpu_work(c.kind[row]) || time.empty()) continue;
          const ClassifiedName named = classes.of(c.kind[row], c.name[row]);
          work_.push_back({time,
                           named.span_class,
                           named.waits,
                           {track, first + static_cast<std::uint32_t>(row)}});
        }
        return true;
      });
    std::sort(work_.begin(), work_.end(),
              [](const Work& a, const Work& b) { return a.time.end < b.time.end; });
    TimeNs start = window.end;
    earliest_.resize(work_.size());
    for (std::size_t i = work_.size(); i-- > 0;) {
      start = std::min(start, work_[i].time.begin);
      earliest_[i] = start;
    }
  }

  bool empty() const { return work_.empty(); }
  TimeNs last_end() const { return work_.back().time.end; }

  /// What ran until `time`: the work that covers the moment before it, compute first, of equals
  /// the one that began last. nullptr when nothing did.
  const Work* running_until(TimeNs time) const {
    const Work* best = nullptr;
    for (std::size_t i = first_ending_at(time); i < work_.size() && earliest_[i] < time; ++i) {
      const Work& work = work_[i];
      if (work.time.begin >= time) continue;
      if (best == nullptr || rank_of(work) > rank_of(*best) ||
          (rank_of(work) == rank_of(*best) && work.time.begin > best->time.begin))
        best = &work;
    }
    return best;
  }
  /// End of the last work that ended before `time`; nullopt when there is none.
  std::optional<TimeNs> end_before(TimeNs time) const {
    const std::size_t after = first_ending_at(time);
    return after == 0 ? std::nullopt : std::optional(work_[after - 1].time.end);
  }
  /// The latest end of compute that lies in [begin, end): until then `begin` is not exposed.
  TimeNs compute_end_inside(TimeNs begin, TimeNs end) const {
    TimeNs latest = begin;
    for (std::size_t i = first_ending_at(begin + 1); i < work_.size(); ++i) {
      if (work_[i].time.end >= end) break;
      const Role role = role_of(work_[i].span_class);
      if (role == Role::Compute || role == Role::Fused) latest = work_[i].time.end;
    }
    return latest;
  }

 private:
  std::size_t first_ending_at(TimeNs time) const {
    return static_cast<std::size_t>(
        std::partition_point(work_.begin(), work_.end(),
                             [&](const Work& w) { return w.time.end < time; }) -
        work_.begin());
  }
  static int rank_of(const Work& work) {
    switch (role_of(work.span_class)) {
      case Role::Compute:
      case Role::Fused:
        return 3;
      case Role::Communication:
        return work.waits ? 1 : 2;
      case Role::Memory:
      case Role::None:
        break;
    }
    return 0;
  }

  std::vector<Work> work_;
  std::vector<TimeNs> earliest_;  ///< start of this and all that end later
};

PathCause cause_of(const Work& work) {
  switch (role_of(work.span_class)) {
    case Role::Compute:
    case Role::Fused:  // what it waits for inside cannot be observed
      return PathCause::Compute;
    case Role::Communication:
      return work.waits ? PathCause::Waiting : PathCause::Transfer;
    case Role::Memory:
    case Role::None:
      break;
  }
  return PathCause::Memory;
}

class Walk {
 public:
  Walk(const Trace& trace, const Classification& classes, const FlowIndex& flows,
       const std::vector<DeviceKey>& devices, TimeRange window, const Progress& progress)
      : trace_(trace), flows_(flows), window_(window), progress_(progress) {
    for (const DeviceKey& key : devices)
      devices_.emplace(key, DeviceWalk(trace, classes, key, window, progress));
  }

  CriticalPath run() {
    CriticalPath path;
    path.window = window_;
    if (!begin()) return path;
    while (now_ > window_.begin) {
      progress_.check();
      step(path);
    }
    std::reverse(path.segments.begin(), path.segments.end());
    add_shares(path);
    for (auto& [key, straggler] : stragglers_) path.stragglers.push_back(straggler);
    std::stable_sort(path.stragglers.begin(), path.stragglers.end(),
                     [](const auto& a, const auto& b) { return a.waited > b.waited; });
    return path;
  }

 private:
  /// Begins on the device that ends last; what is left of the window is idle there.
  bool begin() {
    for (const auto& [key, device] : devices_)
      if (!device.empty() && (!started_ || device.last_end() > devices_.at(at_).last_end())) {
        at_ = key;
        started_ = true;
      }
    now_ = window_.end;
    return started_;
  }

  void step(CriticalPath& path) {
    const DeviceWalk& device = devices_.at(at_);
    const Work* work = device.running_until(now_);
    if (work == nullptr) {
      const TimeNs from = device.end_before(now_).value_or(window_.begin);
      add(path, {at_, {from, now_}, PathCause::Idle, SpanClass::Host, {}, {}});
      return;
    }
    if (role_of(work->span_class) == Role::Communication) return communication(path, *work);
    add(path, {at_, {work->time.begin, now_}, cause_of(*work), work->span_class, work->span, {}});
  }

  void communication(CriticalPath& path, const Work& work) {
    // Compute beside it that ended in between is what came before the exposed rest.
    const TimeNs from = devices_.at(at_).compute_end_inside(work.time.begin, now_);
    const std::optional<Arrival> last = last_arrival(work);
    // Two ranks that arrive at one moment would send the walk to and fro.
    if (!last || last->time <= from || (last->time >= now_ && jumped_at_ == now_)) {
      add(path, {at_, {from, now_}, cause_of(work), work.span_class, work.span, {}});
      return;
    }
    const TimeNs arrived = std::min(last->time, now_);
    if (arrived < now_)
      add(path, {at_, {arrived, now_}, PathCause::Transfer, work.span_class, work.span, {}});
    pending_waiters_ = last->waiters;
    Straggler& straggler = stragglers_[last->device];
    straggler.device = last->device;
    ++straggler.collectives;
    straggler.waited += last->time - last->first;
    at_ = last->device;
    now_ = arrived;
    jumped_at_ = arrived;
  }

  struct Arrival {
    DeviceKey device;
    TimeNs time = 0, first = 0;  ///< when the last one came, and the first
    std::vector<DeviceKey> waiters;
  };
  /// The peer that arrived last, if that is another device of this walk than the present one.
  std::optional<Arrival> last_arrival(const Work& work) const {
    Arrival last;
    const Span own = trace_.span(work.span);
    last.device = at_;
    last.time = last.first = own.start;
    for (const SpanRef ref : flows_.peers(trace_, work.span)) {
      const Track& track = trace_.tracks().at(ref.track);
      const DeviceKey key{track.process, track.device};
      const Span peer = trace_.span(ref);
      // A peer that began after this one ended was matched wrongly, or its clock is off.
      if (!devices_.contains(key) || peer.start >= own.end()) continue;
      last.first = std::min(last.first, peer.start);
      last.waiters.push_back(key);
      if (peer.start <= last.time) continue;
      last.time = peer.start;
      last.device = key;
    }
    if (last.device == at_) return std::nullopt;
    std::erase(last.waiters, last.device);
    last.waiters.push_back(at_);
    return last;
  }

  void add(CriticalPath& path, PathSegment segment) {
    segment.waited_for_by = std::move(pending_waiters_);
    pending_waiters_.clear();
    now_ = segment.time.begin;
    path.segments.push_back(std::move(segment));
  }

  static void add_shares(CriticalPath& path) {
    std::map<std::pair<PathCause, SpanClass>, TimeNs> times;
    for (const PathSegment& segment : path.segments)
      times[{segment.cause, segment.span_class}] += segment.time.length();
    for (const auto& [key, time] : times) path.shares.push_back({key.first, key.second, time});
    std::stable_sort(path.shares.begin(), path.shares.end(),
                     [](const auto& a, const auto& b) { return a.time > b.time; });
  }

  const Trace& trace_;
  const FlowIndex& flows_;
  TimeRange window_;
  const Progress& progress_;
  std::map<DeviceKey, DeviceWalk> devices_;
  std::map<DeviceKey, Straggler> stragglers_;
  std::vector<DeviceKey> pending_waiters_;
  DeviceKey at_;
  TimeNs now_ = 0;
  std::optional<TimeNs> jumped_at_;
  bool started_ = false;
};

std::string words_of(const PathSegment& segment, const Trace& trace) {
  std::string text;
  if (segment.cause == PathCause::Idle)
    text = "nothing runs";
  else if (segment.cause == PathCause::Compute)
    text = to_string(segment.span_class);
  else
    text = fmt::format("{} ({})", to_string(segment.cause), to_string(segment.span_class));
  text += fmt::format(" on {}, {}", device_text(trace, segment.device),
                      duration_text(static_cast<double>(segment.time.length())));
  const auto& waiters = segment.waited_for_by;
  if (waiters.empty()) return text;
  text += fmt::format("; {}", device_text(trace, waiters.front()));
  if (waiters.size() > 1) text += fmt::format(" and {} more", waiters.size() - 1);
  return text + (waiters.size() > 1 ? " wait for it" : " waits for it");
}

}  // namespace

const char* to_string(PathCause cause) {
  switch (cause) {
    case PathCause::Compute:
      return "compute";
    case PathCause::Memory:
      return "memory";
    case PathCause::Transfer:
      return "transfer";
    case PathCause::Waiting:
      return "waiting";
    case PathCause::Idle:
      return "idle";
  }
  return "";
}

CriticalPath critical_path(const Trace& trace, const Classification& classes,
                           const FlowIndex& flows, const std::vector<DeviceKey>& devices,
                           TimeRange window, const Progress& progress) {
  return Walk(trace, classes, flows, devices, window, progress).run();
}

std::vector<std::string> path_in_words(const CriticalPath& path, const Trace& trace,
                                       std::size_t most) {
  std::vector<const PathSegment*> largest;
  for (const PathSegment& segment : path.segments) largest.push_back(&segment);
  std::stable_sort(largest.begin(), largest.end(), [](const auto* a, const auto* b) {
    return a->time.length() > b->time.length();
  });
  if (largest.size() > most) largest.resize(most);
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto* a, const auto* b) { return a->time.begin < b->time.begin; });
  std::vector<std::string> words;
  words.reserve(largest.size());
  for (const PathSegment* segment : largest) words.push_back(words_of(*segment, trace));
  return words;
}

}  // namespace moescope
