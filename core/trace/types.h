// The vocabulary of a trace: processes, devices, tracks, spans and what is known about each.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace moescope {

/// Nanoseconds. Inside a Trace: from the start of the trace (its earliest event is at 0).
using TimeNs = std::int64_t;

using StringId = std::uint32_t;   ///< index into Trace::strings(); 0 is the empty string
using TrackId = std::uint32_t;    ///< index into Trace::tracks()
using ProcessId = std::uint32_t;  ///< index into Trace::processes()
using LaunchId = std::uint32_t;   ///< index into Trace::launches(); 0 means "not recorded"

/// Half-open interval [begin, end) in ns.
struct TimeRange {
  TimeNs begin = 0;
  TimeNs end = 0;
  TimeNs length() const { return end - begin; }
  bool empty() const { return end <= begin; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// What recorded the span. Kernel, Memcpy and Memset are the GPU events of every analysis.
enum class SpanKind : std::uint8_t {
  Kernel,
  Memcpy,
  Memset,
  GpuAnnotation,  ///< annotation projected on a stream; not GPU work
  Sync,           ///< stream or event wait shown on a device track; not GPU work
  Runtime,        ///< CUDA runtime or driver call
  CpuOp,
  Annotation,  ///< user annotation, NVTX range, ProfilerStep
  Phase,       ///< a phase of the embedded runtime (attention, dispatch, ...)
  Instant,     ///< a mark without duration
  Other,
};
inline constexpr int kSpanKindCount = static_cast<int>(SpanKind::Other) + 1;
const char* to_string(SpanKind kind);
/// Kernel, memcpy or memset: what runs on a device and counts in overlap.
inline bool is_gpu_work(SpanKind kind) {
  return kind <= SpanKind::Memset;
}

/// One operating-system process or one virtual rank.
struct Process {
  std::string label;        ///< what the user reads: "rank 0", "pid 144 python3"
  std::string pid;          ///< as the file writes it; may be any text
  std::string name;         ///< program name where recorded
  std::optional<int> rank;  ///< rank in the world group where the file names it
  int world_size = 0;       ///< 0 when unknown
  int node = -1;            ///< node (host) index, -1 when unknown
  int file = 0;             ///< index into TraceInfo::files
};

/// Most SMs a device can have: steps of SM allocation count them in 16 bits.
inline constexpr int kMaxSmCount = 65535;
/// Reason in TraceInfo::skipped for an SM count beyond that, which is then taken as unknown.
inline constexpr const char* kImpossibleSmCount = "SM count of a device beyond 65535";

/// A GPU as one process sees it. Limits are 0 where the file does not give them.
struct Device {
  ProcessId process = 0;
  int index = 0;  ///< device ordinal in that process
  std::string name;
  std::string uuid;
  int sm_count =
      0;  ///< at most kMaxSmCount; after green contexts, MPS or MIG when the file says so
  int compute_major = 0, compute_minor = 0;
  int max_threads_per_sm = 0, max_blocks_per_sm = 0;
  int registers_per_sm = 0;
  std::int64_t shared_memory_per_sm = 0;         ///< bytes
  std::int64_t shared_memory_per_block_max = 0;  ///< bytes, opt-in
  bool on_cpu = false;  ///< a rank of our runtime on the CPU: its "SMs" are workers
};

enum class TrackType : std::uint8_t { DeviceStream, Thread, Worker, Other };

/// A lane: (rank, device, stream), (rank, thread) or (rank, worker).
struct Track {
  ProcessId process = 0;
  TrackType type = TrackType::Other;
  int device = -1;      ///< device ordinal for streams, else -1
  std::int64_t id = 0;  ///< stream number, thread id or worker index
  std::string name;     ///< "stream 27", "thread 1166 (python3)"
};

/// Launch configuration of a kernel; interned, many kernels share one.
struct LaunchConfig {
  std::array<std::uint32_t, 3> grid{};     ///< blocks
  std::array<std::uint32_t, 3> block{};    ///< threads
  std::array<std::uint32_t, 3> cluster{};  ///< 0 when not recorded
  std::uint32_t registers_per_thread = 0;
  std::uint32_t shared_memory = 0;  ///< bytes per block, static + dynamic
  std::uint64_t blocks() const { return std::uint64_t{grid[0]} * grid[1] * grid[2]; }
  std::uint64_t threads() const { return std::uint64_t{block[0]} * block[1] * block[2]; }
  friend auto operator<=>(const LaunchConfig&, const LaunchConfig&) = default;
};

/// Identifies a span for the lifetime of the trace; stable while a live trace grows.
struct SpanRef {
  TrackId track = std::numeric_limits<TrackId>::max();
  std::uint32_t index = 0;  ///< position in the track, in order of the track's chunks
  bool valid() const { return track != std::numeric_limits<TrackId>::max(); }
  friend auto operator<=>(const SpanRef&, const SpanRef&) = default;
};

/// One span gathered from its columns.
struct Span {
  TimeNs start = 0;
  TimeNs duration = 0;
  StringId name = 0;
  std::uint32_t correlation = 0;  ///< joins a launch and its kernels inside one process; 0 = none
  LaunchId launch = 0;
  SpanKind kind = SpanKind::Other;
  std::uint8_t depth = 0;  ///< nesting level, or sub-lane where spans of one track overlap
  TimeNs end() const { return start + duration; }
};

/// Which block ran on which SM (Nsight block trace, runtime records). Sorted by start.
struct SmRecord {
  TimeNs start = 0, end = 0;
  ProcessId process = 0;
  int device = 0;
  std::uint32_t sm = 0;
  std::uint32_t correlation = 0;  ///< of the kernel the block belongs to; 0 = unknown
};

/// Key of TraceInfo::extra for the origin of SM records that the recorded program did not write
/// itself.
inline constexpr const char* kSmRecordsFact = "SM records";
inline constexpr const char* kBlockTraceFact = "block trace";

/// A sampled quantity over time (GPU metrics, counters). `values` belong to `times`, ascending.
struct CounterSeries {
  ProcessId process = 0;
  int device = -1;  ///< -1 when it is not of one device
  std::string name;
  std::string unit;  ///< "%", "B", "" ...
  std::vector<TimeNs> times;
  std::vector<double> values;
};

/// A note of the user at a time; optionally about one track, or about one span of it.
struct Note {
  TimeNs time = 0;
  std::optional<TrackId> track;
  std::optional<SpanRef> span;  ///< its track is `track` then
  std::string text;
  std::string color;  ///< word for a hue: "amber" (also ""), "blue", "green", "violet", "grey"
  friend bool operator==(const Note&, const Note&) = default;
};

/// How the clocks of several files were aligned. Never applied silently.
struct ClockAlignment {
  int file = 0;
  TimeNs offset = 0;            ///< added to the file's times
  int matched_collectives = 0;  ///< pairs the offset was estimated from; 0 = not aligned
  TimeNs residual = 0;          ///< median absolute difference of collective ends after alignment
  std::string method;           ///< shown to the user
};

/// What is known about the trace as a whole.
struct TraceInfo {
  std::vector<std::string> files;                ///< as the user named them
  std::string format;                            ///< "kineto", "nsys", "moetrace"
  std::string producer;                          ///< program and version that recorded it, or ""
  std::optional<std::int64_t> start_epoch_ns;    ///< wall clock of time 0 where known
  std::uint64_t events = 0;                      ///< events read, including metadata and flows
  std::map<std::string, std::uint64_t> skipped;  ///< reason -> count of events not used
  std::vector<std::string> warnings;             ///< shown to the user on opening
  std::vector<ClockAlignment> alignments;        ///< one per file when several were opened
  std::map<std::string, std::string> extra;      ///< other facts of the file, shown as they are
  std::string rules_json;  ///< classification rules saved with the trace, "" for the built-in
};

}  // namespace moescope
