// Perfetto's own trace format (.pftrace, .perfetto-trace): track events and counters.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/import/importer.h"
#include "core/import/perfetto/packet_reader.h"
#include "core/import/perfetto/track_events.h"
#include "core/import/rank_in_file_name.h"
#include "core/import/span_lanes.h"

namespace moescope {
namespace {

using perfetto::PacketFile;
using perfetto::RawEvent;
using perfetto::RawTrack;
using perfetto::TrackEvents;

constexpr int kMaxParents = 32;

bool of_a_device(const RawTrack& track) {
  return std::any_of(track.events.begin(), track.events.end(), [](const RawEvent& event) {
    return is_gpu_work(event.kind) || event.kind == SpanKind::GpuAnnotation;
  });
}

class PerfettoTrace {
 public:
  PerfettoTrace(TrackEvents& events, const PacketFile& file, const FileProbe& probe,
                TraceSink& sink)
      : events_(events), file_(file), probe_(probe), sink_(sink) {}

  void build(const ImportOptions& options, Progress& progress) {
    for (auto& [uuid, track] : events_.tracks()) {
      progress.check();
      if (!track.events.empty()) add_track(track);
    }
    const auto origin = find_origin();
    if (!origin)
      throw Error(
          probe_.path.string(), "",
          fmt::format("none of its {} packets is a track event that can be used", file_.packets),
          "Of Perfetto's traces, track events and counters are read; convert others with "
          "traceconv json");
    lanes_.append_to(sink_, *origin, options.keep_args, progress);
    for (auto& [uuid, track] : events_.tracks())
      if (!track.values.empty()) add_counter(track, *origin);
    add_info(*origin);
  }

 private:
  /// The track itself or the nearest of its parents for which `has` holds; nullptr when none does.
  template <typename Has>
  const RawTrack* nearest(const RawTrack& track, Has has) const {
    const RawTrack* at = &track;
    for (int i = 0; i < kMaxParents && at != nullptr; ++i) {
      if (has(*at)) return at;
      const auto parent =
          at->parent == 0 ? events_.tracks().end() : events_.tracks().find(at->parent);
      at = parent == events_.tracks().end() ? nullptr : &parent->second;
    }
    return nullptr;
  }

  ProcessId process_of(const RawTrack& track) {
    const auto* owner = nearest(track, [](const RawTrack& other) { return other.pid.has_value(); });
    const std::int64_t pid = owner == nullptr ? -1 : *owner->pid;
    const auto [it, added] = processes_.try_emplace(pid, ProcessId{});
    if (!added) return it->second;
    Process process;
    if (pid >= 0) process.pid = std::to_string(pid);
    for (const auto& [uuid, other] : events_.tracks())
      if (other.pid == pid && !other.process_name.empty()) process.name = other.process_name;
    if (processes_.size() == 1) process.rank = rank_in_file_name(probe_.path.filename().string());
    process.label = process.rank ? fmt::format("rank {}", *process.rank)
                    : pid >= 0   ? fmt::format("pid {} {}", pid, process.name)
                                 : probe_.path.filename().string();
    return it->second = sink_.add_process(std::move(process));
  }

  void add_track(RawTrack& raw) {
    Track track;
    track.process = process_of(raw);
    track.name = !raw.name.empty()          ? raw.name
                 : !raw.thread_name.empty() ? raw.thread_name
                 : raw.tid                  ? fmt::format("thread {}", *raw.tid)
                                            : std::string();
    if (track.name.empty()) track.name = std::string(sink_.strings()[raw.events.front().name]);
    if (of_a_device(raw)) {
      track.type = TrackType::DeviceStream;
      track.device = static_cast<int>(std::clamp<std::int64_t>(raw.device.value_or(0), 0, 0xFFFF));
      track.id = raw.stream.value_or(static_cast<std::int64_t>(lanes_.lane_count()));
      if (devices_.emplace(track.process, track.device).second)
        sink_.add_device({.process = track.process, .index = track.device});
    } else {
      track.type = raw.tid ? TrackType::Thread : TrackType::Other;
      track.id = raw.tid.value_or(static_cast<std::int64_t>(lanes_.lane_count()));
    }
    add_slices(raw, lanes_.add_lane(std::move(track)));
  }

  /// Pairs begins and ends as they nest, in order of time and then of the file.
  void add_slices(RawTrack& raw, SpanLanes::Lane lane) {
    std::stable_sort(raw.events.begin(), raw.events.end(),
                     [](const RawEvent& a, const RawEvent& b) { return a.time < b.time; });
    std::vector<RawEvent> open;
    for (const RawEvent& event : raw.events) {
      switch (event.type) {
        case RawEvent::Type::Begin:
          open.push_back(event);
          break;
        case RawEvent::Type::End:
          if (open.empty()) {
            ++events_.skipped()["end without begin"];
          } else {
            add_span(lane, open.back(), event.time - open.back().time, open.back().kind);
            open.pop_back();
          }
          break;
        case RawEvent::Type::Complete:
          add_span(lane, event, event.duration, event.kind);
          break;
        case RawEvent::Type::Instant:
          add_span(lane, event, 0, SpanKind::Instant);
      }
    }
    if (!open.empty()) events_.skipped()["begin without end"] += open.size();
    raw.events = {};
  }

  void add_span(SpanLanes::Lane lane, const RawEvent& event, TimeNs duration, SpanKind kind) {
    Span span;
    span.start = event.time;
    span.duration = duration;
    span.name = event.name;
    span.correlation = event.correlation;
    span.launch = event.launch;
    span.kind = kind;
    lanes_.add(lane, span,
               std::string_view(events_.args()).substr(event.args_begin, event.args_size));
  }

  std::optional<TimeNs> find_origin() const {
    auto origin = lanes_.first_start();
    if (origin) return origin;
    for (const auto& [uuid, track] : events_.tracks())
      for (const auto& [time, value] : track.values) origin = std::min(origin.value_or(time), time);
    return origin;
  }

  void add_counter(RawTrack& track, TimeNs origin) {
    std::stable_sort(track.values.begin(), track.values.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    CounterSeries series;
    series.process = process_of(track);
    series.name = track.name.empty() ? "counter" : track.name;
    series.unit = track.unit;
    for (const auto& [time, value] : track.values) {
      series.times.push_back(time - origin);
      series.values.push_back(value);
    }
    sink_.add_counter(std::move(series));
  }

  void add_info(TimeNs origin) {
    TraceInfo info;
    info.files = {probe_.path.string()};
    info.format = "perfetto";
    info.producer = "Perfetto track events";
    info.events = events_.events();
    info.skipped = events_.skipped();
    for (const auto& [reason, count] : file_.skipped) info.skipped[reason] += count;
    info.warnings = file_.warnings;
    if (events_.clocks().unrelated() > 0)
      info.warnings.push_back(
          fmt::format("{} events are on clocks that no snapshot relates to the others; their times "
                      "were taken as they are",
                      events_.clocks().unrelated()));
    if (const auto epoch = events_.clocks().epoch(); epoch && is_import_time(*epoch + origin))
      info.start_epoch_ns = *epoch + origin;
    if (probe_.gzip) info.extra["compression"] = "gzip";
    info.extra["packets"] = std::to_string(file_.packets);
    sink_.set_info(std::move(info));
  }

  TrackEvents& events_;
  const PacketFile& file_;
  const FileProbe& probe_;
  TraceSink& sink_;
  SpanLanes lanes_;
  std::map<std::int64_t, ProcessId> processes_;  ///< by pid, -1 where none is known
  std::set<std::pair<ProcessId, int>> devices_;
};

class PerfettoImporter final : public Importer {
 public:
  std::string_view name() const override { return "perfetto"; }
  std::string_view description() const override {
    return "Perfetto trace (.pftrace, .perfetto-trace): track events and counters";
  }
  bool recognises(const FileProbe& probe) const override {
    return perfetto::begins_with_packets(probe.head);
  }
  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    TrackEvents events(sink, options.keep_args);
    const PacketFile file = perfetto::read_packets(
        probe.path, progress, [&](const perfetto::TracePacket& packet) { events.add(packet); });
    PerfettoTrace(events, file, probe, sink).build(options, progress);
  }
};

}  // namespace

const Importer& perfetto_importer() {
  static const PerfettoImporter importer;
  return importer;
}

}  // namespace moescope
