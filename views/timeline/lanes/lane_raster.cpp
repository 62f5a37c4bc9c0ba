#include "views/timeline/lanes/lane_raster.h"

#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

constexpr int kSpansPerColumn = 6;  // after so many in one column, jump to its right edge
constexpr double kEdgeColumns = 4;  // narrower spans get no lighter first column

/// Walks one depth of one chunk.
class LaneWalker {
 public:
  LaneWalker(const LoadedChunk& chunk, int depth, const PixelMap& map, const LaneColors& colors)
      : chunk_(chunk), columns_(chunk.columns()), depth_(depth), map_(map), colors_(colors) {}

  void draw(double min_label, CellAccumulator& accumulator, std::vector<LaneLabel>& labels) {
    const std::size_t count = chunk_.size(depth_);
    std::size_t i = firstVisible(count);
    int column = -2, in_column = 0;
    double covered = 0;
    while (i < count) {
      const std::size_t row = chunk_.row(depth_, i);
      const TimeNs start = columns_.start[row];
      if (start >= map_.window().end) break;
      const double x0 = map_.x(start);
      const double x1 = map_.x(endOf(row));
      const CellColor color = colorOf(row);
      drawSpan(x0, x1, color, accumulator);
      if (min_label > 0 && x1 - x0 >= min_label)
        labels.push_back({x0, x1, columns_.name[row], color});
      // What starts before the picture belongs to none of its columns: each is drawn as it would be
      // in the middle of a wider picture.
      const int now = x0 < 0 ? -1 : static_cast<int>(x0);
      if (now != column) {
        column = now;
        in_column = 0;
        covered = 0;
      }
      ++in_column;
      covered += x1 - x0;
      ++i;
      if (in_column >= kSpansPerColumn && x1 < column + 1)
        i = jump(i, count, column, covered / in_column, color, accumulator);
    }
  }

 private:
  CellColor colorOf(std::size_t row) const {
    return colors_.color(columns_.kind[row], columns_.name[row]);
  }

  TimeNs endOf(std::size_t row) const {
    TimeNs end;
    if (__builtin_add_overflow(columns_.start[row], columns_.duration[row], &end))
      return std::numeric_limits<TimeNs>::max();
    return end;
  }

  /// Spans of one depth do not overlap, so their ends ascend with their starts.
  std::size_t firstVisible(std::size_t count) const {
    std::size_t low = 0;
    for (std::size_t high = count; low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (endOf(chunk_.row(depth_, middle)) < map_.window().begin)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  static void drawSpan(double x0, double x1, CellColor color, CellAccumulator& accumulator) {
    if (x1 <= x0) {
      accumulator.mark(x0, color);
      return;
    }
    accumulator.add(x0, x1, 1, color);
    if (x1 - x0 >= kEdgeColumns && x0 >= 0) accumulator.edge(static_cast<int>(x0));
  }

  /// Index of the last span that starts in `column` (it may reach further), or `i` when `i` starts
  /// later. What is skipped is taken to be as long as the spans seen.
  std::size_t jump(std::size_t i, std::size_t count, int column, double mean, CellColor color,
                   CellAccumulator& accumulator) const {
    const TimeNs edge = map_.edge(column + 1);
    const auto before = [&](std::size_t at) {
      return columns_.start[chunk_.row(depth_, at)] < edge;
    };
    if (i >= count || !before(i)) return i;
    std::size_t step = 1;
    while (i + step < count && before(i + step)) step *= 2;
    std::size_t low = i + step / 2, high = std::min(i + step, count);
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (before(middle))
        low = middle + 1;
      else
        high = middle;
    }
    const std::size_t last = low - 1;
    const double skipped = std::min(1.0, mean * static_cast<double>(last - i));
    if (skipped > 0) accumulator.add(column, column + skipped, 1, color);
    if (colors_.dims()) markHits(i, last, accumulator);
    return last;
  }

  /// Of the spans [first, last), which are not drawn.
  void markHits(std::size_t first, std::size_t last, CellAccumulator& accumulator) const {
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t row = chunk_.row(depth_, i);
      const CellColor color = colorOf(row);
      if (color & kCellDim) continue;
      return accumulator.mark(map_.x(columns_.start[row]), color);  // they are in one column
    }
  }

  const LoadedChunk& chunk_;
  const SpanColumns& columns_;
  int depth_;
  const PixelMap& map_;
  const LaneColors& colors_;
};

/// One hit per column is enough: the others of a column are left by searching.
void mark_hits(const PixelMap& map, const LaneColors& colors, CellAccumulator& accumulator) {
  if (colors.marks() == nullptr) return;
  const auto& marks = *colors.marks();
  const auto first_from = [&](std::size_t at, TimeNs time) {
    std::size_t step = 1;
    while (at + step < marks.size() && marks[at + step].start < time) step *= 2;
    const auto begin = marks.begin() + static_cast<std::ptrdiff_t>(at + step / 2);
    const auto end =
        marks.begin() + static_cast<std::ptrdiff_t>(std::min(at + step + 1, marks.size()));
    return static_cast<std::size_t>(
        std::partition_point(begin, end, [&](const HitMark& m) { return m.start < time; }) -
        marks.begin());
  };
  for (std::size_t i = first_from(0, map.window().begin); i < marks.size();) {
    const double x = map.x(marks[i].start);
    if (x >= map.width()) return;
    accumulator.mark(x, colors.color(marks[i].kind, marks[i].name));
    i = first_from(i + 1, map.edge(static_cast<int>(std::max(x, -1.0)) + 1));
  }
}

}  // namespace

void rasterise_spans(const std::vector<LoadedChunkPtr>& chunks, int depth, const PixelMap& map,
                     const LaneColors& colors, double min_label, CellAccumulator& accumulator,
                     LaneCells& cells) {
  accumulator.begin(map.width());
  cells.labels.clear();
  for (const auto& chunk : chunks)
    LaneWalker(*chunk, depth, map, colors).draw(min_label, accumulator, cells.labels);
  accumulator.finish(cells);
}

void rasterise_buckets(const std::vector<BucketTilePtr>& tiles, const PixelMap& map,
                       const LaneColors& colors, CellAccumulator& accumulator, LaneCells& cells) {
  accumulator.begin(map.width());
  cells.labels.clear();
  for (const auto& tile : tiles) {
    const int shift = tile->shift;
    const TimeNs begin = std::max<TimeNs>(map.window().begin, 0);
    auto it = std::lower_bound(
        tile->buckets.begin(), tile->buckets.end(), static_cast<std::uint64_t>(begin) >> shift,
        [](const DrawBucket& bucket, std::uint64_t index) { return bucket.index < index; });
    for (; it != tile->buckets.end(); ++it) {
      const double x0 = map.x(bucket_begin(it->index, shift));
      if (x0 >= map.width()) break;
      const CellColor color = colors.color(it->kind, it->name);
      if (it->busy > 0)
        accumulator.add(x0, map.x(bucket_begin(std::int64_t{it->index} + 1, shift)), it->busy,
                        color);
      else
        accumulator.mark(x0, color);
    }
  }
  mark_hits(map, colors, accumulator);
  accumulator.finish(cells);
}

void stretch_cells(const LaneCells& old, const PixelMap& old_map, const PixelMap& map,
                   LaneCells& cells) {
  const auto width = static_cast<std::size_t>(map.width());
  cells.color.assign(width, 0);
  cells.level.assign(width, 0);
  cells.labels.clear();
  cells.any = cells.any_waits = false;
  const double scale = map.nsPerPixel() / old_map.nsPerPixel();
  const TimeNs begin = map.range().begin;
  const double origin = old_map.x(begin) - map.x(begin) * scale;
  for (std::size_t i = 0; i < width; ++i) {
    const double x = std::floor(origin + (static_cast<double>(i) + 0.5) * scale);
    if (x < 0 || x >= static_cast<double>(old.level.size())) continue;
    const auto from = static_cast<std::size_t>(x);
    cells.level[i] = old.level[from];
    cells.color[i] = static_cast<CellColor>(old.color[from] & ~kCellEdge);
    cells.any |= cells.level[i] > 0;
    cells.any_waits |= cells.level[i] > 0 && (cells.color[i] & kCellWaits) != 0;
  }
}

}  // namespace moescope
