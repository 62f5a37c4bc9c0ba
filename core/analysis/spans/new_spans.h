// Reading only the new spans of a growing trace.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/trace/trace.h"

namespace moescope {

/// Calls visit(const SpanColumns&, row) for the spans of `track` from index `read` on; returns the
/// number of spans of the track, which is `read` of the next call.
template <typename Visit>
std::uint64_t visit_new_spans(const Trace& trace, TrackId track, std::uint64_t read, Visit visit) {
  const auto& infos = trace.chunk_infos(track);
  auto info = std::partition_point(infos.begin(), infos.end(), [&](const ChunkInfo& i) {
    return std::uint64_t{i.first_index} + i.count <= read;
  });
  for (; info != infos.end(); ++info) {
    const auto chunk = trace.chunk(track, static_cast<std::size_t>(info - infos.begin()));
    const std::size_t first = read > info->first_index ? read - info->first_index : 0;
    for (std::size_t row = first; row < chunk->size(); ++row) visit(chunk->columns(), row);
  }
  return trace.span_count(track);
}

}  // namespace moescope
