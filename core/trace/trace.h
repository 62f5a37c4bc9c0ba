// Trace: the immutable, columnar recording that every analysis and every view reads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/trace/chunk.h"
#include "core/trace/losses.h"
#include "core/trace/strings.h"
#include "core/trace/summary.h"
#include "core/trace/types.h"

namespace moescope {

/// One row of a drawing: what to draw of a track at one depth.
struct BucketQuery {
  int depth = 0;
  double ns_per_pixel = 1;
  TimeRange window;
};
/// Buckets ascending by index, each 2^shift ns long.
using BucketVisitor = std::function<void(std::span<const SummaryBucket>, std::uint8_t shift)>;

/// Source of chunks: memory, or a .moetrace file that is read on demand. Implementations are safe
/// to call from several threads.
class ChunkStore {
 public:
  virtual ~ChunkStore() = default;
  /// Chunk `chunk` of `track`. Throws Error when the file is damaged.
  virtual std::shared_ptr<const SpanChunk> chunk(TrackId track, std::size_t chunk) const = 0;
  /// Recorded blocks and counters of a file; a store in memory has none.
  virtual std::vector<SmRecord> sm_records() const { return {}; }
  virtual std::vector<CounterSeries> counters() const { return {}; }
  /// Recorded blocks in order of arrival, in pieces, where the store holds them so.
  virtual std::vector<std::span<const SmRecord>> sm_record_pieces() const { return {}; }
  /// Calls `visit` with the stored buckets of one level that touch `window`, piece by piece in
  /// order, without loading the rest. False when nothing is stored for the track.
  virtual bool visit_buckets(TrackId, const BucketQuery&, const BucketVisitor&) const {
    return false;
  }
  /// Sub-lanes of `track` as stored, -1 when unknown.
  virtual int depth_count(TrackId) const { return -1; }
  /// Stored summary of `track`, or nullptr when there is none and it must be computed.
  virtual std::shared_ptr<const TrackSummary> summary(TrackId track) const = 0;
  /// True when chunk() never waits for a file, so that it may be called while drawing.
  virtual bool in_memory() const { return false; }
};

/// Everything a Trace is made of; importers and files fill it through TraceBuilder.
struct TraceParts {
  TraceInfo info;
  std::vector<Process> processes;
  std::vector<Device> devices;
  std::vector<Track> tracks;
  std::vector<LaunchConfig> launches;               ///< [0] is the empty configuration
  std::vector<std::vector<ChunkInfo>> chunk_infos;  ///< [track][chunk]
  std::vector<SmRecord> sm_records;                 ///< in memory, else read from the store once
  std::vector<CounterSeries> counters;              ///< in memory, else read from the store once
  std::vector<Note> notes;
  std::vector<Loss> losses;
  std::shared_ptr<const StringTable> strings;
  std::shared_ptr<const ChunkStore> store;
};

class Trace {
 public:
  explicit Trace(TraceParts parts);

  const TraceInfo& info() const { return parts_.info; }
  const std::vector<Process>& processes() const { return parts_.processes; }
  const std::vector<Device>& devices() const { return parts_.devices; }
  const std::vector<Track>& tracks() const { return parts_.tracks; }
  const std::vector<LaunchConfig>& launches() const { return parts_.launches; }
  /// Read from a file on first use; throws Error when they are damaged there.
  const std::vector<SmRecord>& sm_records() const;
  /// The same records, of a live trace in the order in which they came: a later snapshot has more
  /// at the end. Valid as long as the trace. Throws Error.
  std::vector<std::span<const SmRecord>> sm_record_pieces() const;
  const std::vector<CounterSeries>& counters() const;
  const std::vector<Note>& notes() const { return parts_.notes; }
  /// What the recorder lost, in order of detection.
  const std::vector<Loss>& losses() const { return parts_.losses; }
  const StringTable& strings() const { return *parts_.strings; }
  std::shared_ptr<const StringTable> shared_strings() const { return parts_.strings; }

  /// [earliest start, latest end) over all spans.
  TimeRange range() const { return range_; }
  std::uint64_t span_count() const { return span_count_; }
  std::uint64_t span_count(TrackId track) const;
  /// Metadata only; the memory of loaded columns and arguments is managed by the store.
  const std::vector<ChunkInfo>& chunk_infos(TrackId track) const {
    return parts_.chunk_infos.at(track);
  }
  std::shared_ptr<const SpanChunk> chunk(TrackId track, std::size_t chunk) const;
  /// True when chunks are at hand without reading a file.
  bool in_memory() const { return parts_.store->in_memory(); }

  /// Calls `visit(chunk, first_index)` for every chunk of `track` that may hold spans that touch
  /// `window`; rows outside must still be skipped by the caller. Return false to stop.
  void visit_chunks(
      TrackId track, TimeRange window,
      const std::function<bool(const SpanChunk&, std::uint32_t first_index)>& visit) const;
  /// The same over the whole track.
  void visit_chunks(
      TrackId track,
      const std::function<bool(const SpanChunk&, std::uint32_t first_index)>& visit) const;

  /// One span; throws std::out_of_range for a reference that is not of this trace.
  Span span(SpanRef ref) const;
  std::string_view name(SpanRef ref) const { return strings()[span(ref).name]; }
  /// Arguments of a span as a JSON object text, "" when it has none.
  std::string args(SpanRef ref) const;
  /// Summary of a track, computed once when the store has none. Thread-safe.
  std::shared_ptr<const TrackSummary> summary(TrackId track) const;
  /// For drawing `query.window`: visits the buckets of the coarsest sufficient level that touch the
  /// window. Loads only these from a file. False when even the finest level is too coarse: then
  /// draw spans.
  bool visit_buckets(TrackId track, const BucketQuery& query, const BucketVisitor& visit) const;
  /// Sub-lanes that `track` needs, without loading its whole summary from a file.
  int depth_count(TrackId track) const;
  /// True when `track` can be drawn without computing a summary first: it is stored, or grew with
  /// the track.
  bool summarised(TrackId track) const { return parts_.store->depth_count(track) >= 0; }
  /// Device description for a track, nullptr for threads and unknown devices.
  const Device* device_of(TrackId track) const;
  /// Full path for the user: "rank 0 > GPU 0 > stream 27".
  std::string path(TrackId track) const;

 private:
  std::pair<std::size_t, std::uint32_t> locate(SpanRef ref) const;

  TraceParts parts_;
  TimeRange range_;
  std::uint64_t span_count_ = 0;
  mutable std::once_flag sm_once_, counters_once_;
  mutable std::vector<SmRecord> stored_sm_;
  mutable std::vector<CounterSeries> stored_counters_;
  mutable std::mutex summary_mutex_;
  mutable std::vector<std::shared_ptr<const TrackSummary>> summaries_;
};

/// Builds the summary of a track from its spans, keeping nothing.
TrackSummary compute_summary(const Trace& trace, TrackId track);

using TracePtr = std::shared_ptr<const Trace>;

}  // namespace moescope
