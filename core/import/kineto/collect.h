// What one block of text yields: span records and the rarer events, with ids local to a worker.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/import/kineto/event.h"

namespace moescope::kineto {

/// A span before its track is sorted. Ids are local to the worker that read it.
struct Record {
  TimeNs start = 0, duration = 0;
  std::uint64_t args_offset = 0;
  std::uint32_t args_size = 0;
  std::uint32_t name = 0, track = 0, launch = 0, correlation = 0;
  SpanKind kind = SpanKind::Other;
  char phase = 'X';  ///< X span, i mark, B and E ends that are still to be paired
};

/// Metadata, counters and asynchronous events: few, so they keep their texts.
struct RareEvent {
  char phase = 0;
  TimeNs time = 0;
  std::string name, category, pid, tid, id;
  std::string args;  ///< valid JSON or ""
};

struct BlockEvents {
  std::size_t worker = 0;
  std::vector<Record> records;
  std::vector<RareEvent> rare;
  std::string args;  ///< texts of the records
  std::uint64_t events = 0, flows = 0, repaired = 0;
  std::map<std::string, std::uint64_t> skipped;
};

enum class TrackGroup : std::uint8_t { Stream, Waits, Thread };

/// Where spans of one (group, process, number) go.
struct TrackKey {
  TrackGroup group = TrackGroup::Thread;
  std::string pid;  ///< text of the pid; for streams only its "[...]" prefix
  std::string tid;  ///< text of the tid, "" for streams
  std::int64_t device = -1, stream = 0;
  friend auto operator<=>(const TrackKey&, const TrackKey&) = default;
};

/// Strings seen by one worker, numbered in order of first sight.
class LocalStrings {
 public:
  std::uint32_t id(std::string_view text);
  const std::deque<std::string>& texts() const { return texts_; }

 private:
  struct Known {
    std::string_view text;
    std::uint32_t id = 0;
  };
  Known& recent(std::string_view text);
  std::uint32_t find_or_add(std::string_view text);

  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  /// Texts come again soon: most are found here without hashing all of a long name.
  std::array<Known, 256> recent_;
};

/// Turns event tokens into records. One per worker; not thread-safe.
class Collector {
 public:
  Collector(std::size_t worker, bool keep_args) : worker_(worker), keep_args_(keep_args) {}

  bool keep_args() const { return keep_args_; }
  std::size_t worker() const { return worker_; }
  /// Adds one well-formed event to `block`, or counts there why it is not used.
  void add(const EventTokens& event, BlockEvents& block);

  const std::deque<std::string>& names() const { return names_.texts(); }
  const std::vector<TrackKey>& tracks() const { return tracks_; }
  const std::vector<LaunchConfig>& launches() const { return launches_; }

 private:
  /// Neighbours mostly share their track: what decided for the last one of a group.
  struct LastTrack {
    std::string pid, tid, device, stream;
    std::uint32_t id = 0;
    bool known = false;
  };

  void add_span(const EventTokens& event, char phase, BlockEvents& block);
  void add_rare(const EventTokens& event, char phase, BlockEvents& block);
  SpanKind kind(std::string_view category_token);
  std::uint32_t track(const EventTokens& event, SpanKind kind);
  TrackKey thread_track(const EventTokens& event);
  TrackKey device_track(const EventTokens& event, SpanKind kind);
  std::uint32_t launch(const ArgTokens& arg);
  void keep_arguments(const EventTokens& event, SpanKind kind, Record& record, BlockEvents& block);

  std::size_t worker_;
  bool keep_args_;
  LocalStrings names_, categories_, track_texts_, launch_texts_;
  std::vector<SpanKind> kinds_;
  std::vector<TrackKey> tracks_;
  std::vector<LaunchConfig> launches_;
  std::string scratch_, key_;
  std::array<LastTrack, 3> last_tracks_;
};

/// The "[...]" a merging tool put before a pid ("[TP00-DP01] 83"), else "".
std::string_view pid_prefix(std::string_view pid);

}  // namespace moescope::kineto
