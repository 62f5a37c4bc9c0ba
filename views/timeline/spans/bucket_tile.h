// A piece of a stored summary as a picture needs it: few bytes a bucket, one level, one lane.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// A summary bucket without what drawing does not need.
struct DrawBucket {
  std::uint32_t index = 0;  ///< covers [index << shift, (index + 1) << shift)
  float busy = 0;           ///< share of the bucket that is covered, 0 to 1
  StringId name = 0;        ///< of the span that covers most of it
  SpanKind kind = SpanKind::Other;
};

/// The buckets of one lane in one stretch of time.
struct BucketTile {
  std::uint8_t shift = 0;
  std::vector<DrawBucket> buckets;  ///< ascending
};
using BucketTilePtr = std::shared_ptr<const BucketTile>;

/// Where bucket `index` begins; saturates.
inline TimeNs bucket_begin(std::int64_t index, int shift) {
  constexpr TimeNs kMax = std::numeric_limits<TimeNs>::max();
  return index > kMax >> shift ? kMax : index << shift;
}

/// Tiles are aligned: tile i at level `shift` covers [i << tile_shift(shift), ...). A picture 1920
/// columns wide needs one or two of them a lane.
inline int tile_shift(int shift) {
  return std::min(shift + 12, 62);
}
/// The stretch of tile `index`, cut to the int64 range.
TimeRange tile_range(int shift, std::int64_t index);
/// Largest shift of which a bucket is at most `ns_per_pixel` long; 0 for less than 2 ns.
int shift_for(double ns_per_pixel);

/// Reads one tile. May read a file and may compute the summary of a track that has none stored: not
/// for the GUI thread. Throws Error.
BucketTilePtr read_tile(const Trace& trace, TrackId track, int depth, int shift,
                        std::int64_t index);

/// What is known of a track's summary without reading its buckets.
struct TrackShape {
  int depth_count = 0;
  std::vector<std::uint8_t> finest;  ///< [depth]: shift of the finest level; 63 when there is none
  /// True when the buckets of `depth` are at most `ns_per_pixel` long: spans add nothing.
  bool suffices(int depth, double ns_per_pixel) const;
  int finestShift(int depth) const {
    return depth >= 0 && static_cast<std::size_t>(depth) < finest.size()
               ? finest[static_cast<std::size_t>(depth)]
               : 63;
  }
};
/// Like read_tile(), not for the GUI thread.
TrackShape read_shape(const Trace& trace, TrackId track);

}  // namespace moescope
