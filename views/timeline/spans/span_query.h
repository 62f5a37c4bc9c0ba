// Questions about single spans: what is under the pointer, what comes next, where is an edge.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/spans/find.h"
#include "core/trace/trace.h"
#include "views/timeline/spans/loaded_chunk.h"

namespace moescope {

/// The chunks of `track` that touch `window`. Reads chunks: not for the GUI thread.
std::vector<LoadedChunkPtr> load_chunks(const Trace& trace, TrackId track, TimeRange window);

/// The span of `depth` that a pointer at `time` means: one that covers `time`, else the nearest
/// within `tolerance` ns; of several equally near, the longest.
std::optional<FoundSpan> span_at(const std::vector<LoadedChunkPtr>& chunks, TrackId track,
                                 int depth, TimeNs time, TimeNs tolerance);

/// The start or end nearest to `time` within `tolerance` ns, of spans of `depth`.
std::optional<TimeNs> nearest_edge(const std::vector<LoadedChunkPtr>& chunks, int depth,
                                   TimeNs time, TimeNs tolerance);

/// The span before (step -1) or after (+1) `from` in its track at the same depth; nullopt at the
/// ends. Reads chunks: not for the GUI thread unless the trace is in memory.
std::optional<FoundSpan> neighbour(const Trace& trace, SpanRef from, int step);

/// The span of `track`, any depth up to `max_depth`, nearest to `time`. Reads chunks like
/// neighbour().
std::optional<FoundSpan> nearest_span(const Trace& trace, TrackId track, int max_depth,
                                      TimeNs time);

}  // namespace moescope
