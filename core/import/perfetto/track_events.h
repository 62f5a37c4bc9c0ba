// Track events of a Perfetto trace: interned names resolved, times of one clock, slices still in
// begin and end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/import/perfetto/clocks.h"
#include "core/import/perfetto/perfetto.pb.h"
#include "core/trace/sink.h"

namespace moescope::perfetto {

/// An event as it stands in the file; slices are paired later, per track and in order of time.
struct RawEvent {
  enum class Type : std::uint8_t { Begin, End, Instant, Complete };
  TimeNs time = 0, duration = 0;  ///< duration of a Complete one
  StringId name = 0;
  LaunchId launch = 0;
  std::uint32_t correlation = 0;
  std::uint32_t args_size = 0;
  std::size_t args_begin = 0;
  SpanKind kind = SpanKind::Other;
  Type type = Type::Instant;
};

/// What descriptors say about a track, and its events in the order of the file.
struct RawTrack {
  std::string name, process_name, thread_name, unit;
  std::uint64_t parent = 0;
  std::optional<std::int64_t> pid, tid;
  std::optional<std::int64_t> device, stream;  ///< of its GPU work, from annotations
  std::int64_t unit_multiplier = 1;
  bool counter = false, incremental = false;
  std::vector<RawEvent> events;
  std::vector<std::pair<TimeNs, double>> values;
};

/// Takes packets in the order of the file.
class TrackEvents {
 public:
  TrackEvents(TraceSink& sink, bool keep_args) : sink_(sink), keep_args_(keep_args) {}

  void add(const TracePacket& packet);

  std::map<std::uint64_t, RawTrack>& tracks() { return tracks_; }
  const std::string& args() const { return args_; }
  const Clocks& clocks() const { return clocks_; }
  std::uint64_t events() const { return events_; }
  std::map<std::string, std::uint64_t>& skipped() { return skipped_; }

 private:
  using Names = std::unordered_map<std::uint64_t, std::string>;
  /// What one writer has said so far.
  struct Sequence {
    Names categories, names, annotations, texts;
    std::optional<std::uint64_t> track;
    std::optional<std::uint32_t> clock;
    bool lost =
        false;  ///< packets were dropped: interned names may be wrong until they are cleared
  };

  void update(const TracePacket& packet, Sequence& sequence, std::uint32_t id);
  void describe(const TrackDescriptor& descriptor);
  void add_event(const TracePacket& packet, const Sequence& sequence, std::uint32_t id);
  const char* read_event(const TrackEvent& event, const Sequence& sequence, RawEvent& raw);
  void add_value(const TrackEvent& event, RawTrack& track, TimeNs time);
  void annotate(const TrackEvent& event, const Sequence& sequence, RawTrack& track, RawEvent& raw);

  TraceSink& sink_;
  bool keep_args_;
  std::map<std::uint32_t, Sequence> sequences_;
  std::map<std::uint64_t, RawTrack> tracks_;
  Clocks clocks_;
  std::string args_;
  std::uint64_t events_ = 0;
  std::map<std::string, std::uint64_t> skipped_;
};

}  // namespace moescope::perfetto
