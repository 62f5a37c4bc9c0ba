// The event tables of an Nsight Systems export: kernels, copies, waits, calls and NVTX ranges.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/import/importer.h"
#include "core/import/sqlite/database.h"
#include "core/trace/sink.h"

namespace moescope::nsys {

using foreign::append_json_string;
using foreign::Database;
using foreign::Rows;
using foreign::TableShape;

/// Process part of a globalPid or globalTid (hardware, VM and pid bits); 0 when not recorded.
using ProcessKey = std::uint64_t;
inline ProcessKey process_key(std::int64_t global_id) {
  return static_cast<std::uint64_t>(global_id) >> 24;
}
inline std::int64_t pid_of(ProcessKey key) {
  return static_cast<std::int64_t>(key & 0xFFFFFF);
}

/// Larger values are not valid times; differences of two valid times never overflow.
inline constexpr std::int64_t kMaxTime = std::int64_t{1} << 61;
inline bool is_time(std::int64_t t) {
  return t >= -kMaxTime && t <= kMaxTime;
}

/// A line of the picture before it has a track: (process, device, stream) or (process, -1, thread).
struct Lane {
  ProcessKey process = 0;
  std::int64_t device = -1;
  std::int64_t id = 0;
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

/// A context that ran kernels on a device of a process.
struct UsedContext {
  ProcessKey process = 0;
  std::int64_t device = 0;
  std::int64_t context = 0;
  friend auto operator<=>(const UsedContext&, const UsedContext&) = default;
};

/// Result of a first pass over the event tables, before any span is created.
struct Survey {
  std::set<Lane> lanes;
  std::set<UsedContext> contexts;
  std::optional<std::int64_t> first_start;  ///< ns of the session
  std::uint64_t rows = 0;
};

/// The table StringIds. Texts become interned names when they are used first.
class Strings {
 public:
  explicit Strings(const Database& database);
  /// Text of `id`, nullptr when the file has none.
  const std::string* text(std::int64_t id) const;

 private:
  std::unordered_map<std::int64_t, std::string> texts_;
};

/// Reads the tables once and finds the lanes, the earliest start and the contexts.
Survey survey_events(const Database& database);

/// Counts for TraceInfo.
struct EventCounts {
  std::uint64_t rows = 0;
  std::map<std::string, std::uint64_t> skipped;
  std::uint64_t whole_graphs = 0;  ///< rows of CUDA graphs that were not traced node by node
  std::uint64_t open_ranges = 0;   ///< NVTX ranges that never ended
};

/// Appends all events to the tracks of their lanes in order of start, times minus `origin`.
EventCounts append_events(const Database& database, const Strings& strings,
                          const std::map<Lane, TrackId>& tracks, std::int64_t origin,
                          std::uint64_t expected_rows, const ImportOptions& options,
                          TraceSink& sink);

}  // namespace moescope::nsys
