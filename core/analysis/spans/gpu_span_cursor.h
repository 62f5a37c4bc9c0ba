// The GPU work of one device in order of start, without holding more than a chunk of each track.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Merges the tracks; of spans that start together, that of the earlier track comes first.
class GpuSpanCursor {
 public:
  /// Kernels, copies and fills of `tracks`, cut to `window` when given as for_each_gpu_span() does.
  GpuSpanCursor(const Trace& trace, const std::vector<TrackId>& tracks,
                std::optional<TimeRange> window, const Progress& progress);

  /// Goes to the next span; false when there is none. Throws Cancelled.
  bool next();
  TimeRange span() const { return heads_.front().span; }
  const SpanColumns& columns() const { return heads_.front().chunk->columns(); }
  std::size_t row() const { return heads_.front().row; }

 private:
  struct Head {
    std::size_t order = 0;  ///< position in the list of tracks
    TrackId track = 0;
    std::size_t next_chunk = 0, row = 0;
    std::shared_ptr<const SpanChunk> chunk;
    TimeRange span;
  };
  /// Of a heap with the earliest start on top.
  static bool later(const Head& a, const Head& b);
  bool advance(Head& head) const;

  const Trace& trace_;
  std::optional<TimeRange> window_;
  const Progress& progress_;
  std::vector<Head> heads_;  ///< a heap; the front is the current span
  bool started_ = false;
};

/// `span` inside `window`; nullopt when they do not touch. An empty span touches where it starts.
std::optional<TimeRange> cut_to(TimeRange span, std::optional<TimeRange> window);

}  // namespace moescope
