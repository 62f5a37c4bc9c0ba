#include "views/timeline/spans/span_query.h"

#include <algorithm>

#include "views/plot/axis/pixel_map.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxSteps = 1U << 16;  // spans looked at under one pointer position

TimeNs end_of(const SpanColumns& columns, std::size_t row) {
  TimeNs end;
  if (__builtin_add_overflow(columns.start[row], columns.duration[row], &end))
    return std::numeric_limits<TimeNs>::max();
  return end;
}

/// First span of `depth` that ends at `time` or later.
std::size_t first_ending(const LoadedChunk& chunk, int depth, TimeNs time) {
  std::size_t low = 0;
  for (std::size_t high = chunk.size(depth); low < high;) {
    const std::size_t middle = low + (high - low) / 2;
    if (end_of(chunk.columns(), chunk.row(depth, middle)) < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

TimeNs saturated_add(TimeNs a, TimeNs b) {
  TimeNs sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<TimeNs>::min() : std::numeric_limits<TimeNs>::max();
}

/// Calls `visit(row)` for spans of `depth` that touch [time - tolerance, time + tolerance].
template <typename Visit>
void visit_near(const LoadedChunk& chunk, int depth, TimeNs time, TimeNs tolerance, Visit visit) {
  const TimeNs low = saturated_add(time, -tolerance), high = saturated_add(time, tolerance);
  const std::size_t count = chunk.size(depth);
  std::size_t steps = 0;
  for (auto i = first_ending(chunk, depth, low); i < count && steps < kMaxSteps; ++i, ++steps) {
    const std::size_t row = chunk.row(depth, i);
    if (chunk.columns().start[row] > high) break;
    visit(row);
  }
}

}  // namespace

std::vector<LoadedChunkPtr> load_chunks(const Trace& trace, TrackId track, TimeRange window) {
  std::vector<LoadedChunkPtr> chunks;
  const auto& infos = trace.chunk_infos(track);
  for (std::size_t i = 0; i < infos.size() && infos[i].first_start < window.end; ++i)
    if (infos[i].last_end >= window.begin)
      chunks.push_back(
          std::make_shared<const LoadedChunk>(trace.chunk(track, i), infos[i].first_index));
  return chunks;
}

std::optional<FoundSpan> span_at(const std::vector<LoadedChunkPtr>& chunks, TrackId track,
                                 int depth, TimeNs time, TimeNs tolerance) {
  std::optional<FoundSpan> best;
  TimeNs best_distance = 0;
  for (const auto& chunk : chunks) {
    visit_near(*chunk, depth, time, tolerance, [&](std::size_t row) {
      const Span span = chunk->columns().at(row);
      const TimeNs end = end_of(chunk->columns(), row);
      const bool covers = span.start <= time && (time < end || span.duration == 0);
      const TimeNs distance =
          covers ? 0
                 : std::max<TimeNs>(1, span.start > time ? PixelMap::difference(span.start, time)
                                                         : PixelMap::difference(time, end));
      const bool nearer = !best || distance < best_distance ||
                          (distance == best_distance && span.duration > best->span.duration);
      if (!nearer) return;
      best = FoundSpan{{track, chunk->firstIndex() + static_cast<std::uint32_t>(row)}, span};
      best_distance = distance;
    });
  }
  return best;
}

std::optional<TimeNs> nearest_edge(const std::vector<LoadedChunkPtr>& chunks, int depth,
                                   TimeNs time, TimeNs tolerance) {
  std::optional<TimeNs> best;
  const auto offer = [&](TimeNs edge) {
    const TimeNs distance =
        std::max(PixelMap::difference(edge, time), PixelMap::difference(time, edge));
    if (distance > tolerance) return;
    if (!best ||
        distance < std::max(PixelMap::difference(*best, time), PixelMap::difference(time, *best)))
      best = edge;
  };
  for (const auto& chunk : chunks) {
    visit_near(*chunk, depth, time, tolerance, [&](std::size_t row) {
      offer(chunk->columns().start[row]);
      offer(end_of(chunk->columns(), row));
    });
  }
  return best;
}

std::optional<FoundSpan> neighbour(const Trace& trace, SpanRef from, int step) {
  const auto wanted = trace.span(from).depth;
  const auto& infos = trace.chunk_infos(from.track);
  const auto it = std::upper_bound(
      infos.begin(), infos.end(), from.index,
      [](std::uint32_t index, const ChunkInfo& c) { return index < c.first_index; });
  auto at = it - infos.begin() - 1;
  auto row =
      static_cast<std::ptrdiff_t>(from.index - infos[static_cast<std::size_t>(at)].first_index);
  const auto last = static_cast<std::ptrdiff_t>(infos.size()) - 1;
  for (row += step; at >= 0 && at <= last; at += step) {
    const auto& info = infos[static_cast<std::size_t>(at)];
    const auto chunk = trace.chunk(from.track, static_cast<std::size_t>(at));
    const auto count = static_cast<std::ptrdiff_t>(chunk->size());
    for (; row >= 0 && row < count; row += step) {
      const auto i = static_cast<std::size_t>(row);
      if (chunk->columns().depth[i] == wanted)
        return FoundSpan{{from.track, info.first_index + static_cast<std::uint32_t>(i)},
                         chunk->columns().at(i)};
    }
    row = step > 0 || at == 0
              ? 0
              : static_cast<std::ptrdiff_t>(infos[static_cast<std::size_t>(at - 1)].count) - 1;
  }
  return {};
}

std::optional<FoundSpan> nearest_span(const Trace& trace, TrackId track, int max_depth,
                                      TimeNs time) {
  std::optional<FoundSpan> best;
  TimeNs best_distance = std::numeric_limits<TimeNs>::max();
  const auto& infos = trace.chunk_infos(track);
  if (infos.empty()) return best;
  // The chunk in which `time` falls and its neighbours hold the nearest span of any usual depth.
  const auto after =
      std::upper_bound(infos.begin(), infos.end(), time,
                       [](TimeNs t, const ChunkInfo& info) { return t < info.first_start; });
  const auto middle = static_cast<std::size_t>(after - infos.begin());
  const std::size_t first = middle < 2 ? 0 : middle - 2;
  for (std::size_t i = first; i < std::min(infos.size(), middle + 1); ++i) {
    const LoadedChunk chunk(trace.chunk(track, i), infos[i].first_index);
    for (int depth = 0; depth < std::min(chunk.depthCount(), max_depth); ++depth) {
      const std::size_t count = chunk.size(depth);
      const std::size_t from = first_ending(chunk, depth, time);
      for (std::size_t k = from == 0 ? 0 : from - 1; k < std::min(count, from + 2); ++k) {
        const std::size_t row = chunk.row(depth, k);
        const TimeNs start = chunk.columns().start[row], end = end_of(chunk.columns(), row);
        const TimeNs distance = start > time ? PixelMap::difference(start, time)
                                             : std::max<TimeNs>(0, PixelMap::difference(time, end));
        if (distance >= best_distance) continue;
        best_distance = distance;
        best = FoundSpan{{track, chunk.firstIndex() + static_cast<std::uint32_t>(row)},
                         chunk.columns().at(row)};
      }
    }
  }
  return best;
}

}  // namespace moescope
