// Turning spans or summaries of one lane into pixel columns. The cost follows pixels, not spans.
#pragma once

#include <vector>

#include "core/trace/summary.h"
#include "views/timeline/class_table.h"
#include "views/timeline/lane_cells.h"
#include "views/timeline/loaded_chunk.h"
#include "views/timeline/pixel_math.h"

namespace moescope {

/// Spans shorter than this many columns carry no name.
inline constexpr double kMinLabelColumns = 34;

/// Draws the spans of `depth` in `chunks` (in order of time). A column that holds many spans is
/// left by binary search to its right edge after a few of them. Names are noted for spans at least
/// `min_label` columns wide; 0 notes none.
void rasterise_spans(const std::vector<LoadedChunkPtr>& chunks, int depth, const PixelMap& map,
                     const ClassTable& classes, double min_label, CellAccumulator& accumulator,
                     LaneCells& cells);

/// Draws the buckets of `level` that touch the picture.
void rasterise_summary(const SummaryLevel& level, const PixelMap& map, const ClassTable& classes,
                       CellAccumulator& accumulator, LaneCells& cells);

/// The level of `depth` to draw at `ns_per_pixel`: buckets of at most a pixel where there are
/// such, else the finest. nullptr when the track has no such depth.
const SummaryLevel* level_for(const TrackSummary& summary, int depth, double ns_per_pixel);

/// True when the buckets of the finest level of `depth` are at most a pixel: spans add nothing.
bool summary_suffices(const TrackSummary& summary, int depth, double ns_per_pixel);

}  // namespace moescope
