// Turning spans or summaries of one lane into pixel columns. The cost follows pixels, not spans.
#pragma once

#include <vector>

#include "views/plot/axis/pixel_map.h"
#include "views/timeline/spans/bucket_tile.h"
#include "views/timeline/spans/class_table.h"
#include "views/timeline/spans/lane_cells.h"
#include "views/timeline/spans/loaded_chunk.h"

namespace moescope {

/// Spans shorter than this many columns carry no name.
inline constexpr double kMinLabelColumns = 34;

/// Draws the spans of `depth` in `chunks` (in order of time). A column that holds many spans is
/// left by binary search to its right edge after a few of them. Names are noted for spans at least
/// `min_label` columns wide; 0 notes none.
void rasterise_spans(const std::vector<LoadedChunkPtr>& chunks, int depth, const PixelMap& map,
                     const LaneColors& colors, double min_label, CellAccumulator& accumulator,
                     LaneCells& cells);

/// Draws the buckets of `tiles` (in order of time) that touch the picture, and over them the hits
/// of a search: a bucket only knows its longest span.
void rasterise_buckets(const std::vector<BucketTilePtr>& tiles, const PixelMap& map,
                       const LaneColors& colors, CellAccumulator& accumulator, LaneCells& cells);

/// What `old` shows of the time of `map`, when it was drawn for `old_map`: a picture to look at
/// until the right one is ready.
void stretch_cells(const LaneCells& old, const PixelMap& old_map, const PixelMap& map,
                   LaneCells& cells);

}  // namespace moescope
