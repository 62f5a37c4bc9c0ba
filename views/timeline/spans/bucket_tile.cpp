#include "views/timeline/spans/bucket_tile.h"

#include <cmath>

namespace moescope {
namespace {

constexpr int kCoarsest = 62;
/// No bucket is here, so that querying it checks whether a level exists without reading anything.
constexpr TimeRange kNowhere{-2, -1};

}  // namespace

TimeRange tile_range(int shift, std::int64_t index) {
  const int bits = tile_shift(shift);
  const std::int64_t last = std::numeric_limits<TimeNs>::max() >> bits;
  const TimeNs begin = std::clamp<std::int64_t>(index, 0, last) << bits;
  const TimeNs end = index >= last ? std::numeric_limits<TimeNs>::max() : (index + 1) << bits;
  return {begin, end};
}

int shift_for(double ns_per_pixel) {
  if (!(ns_per_pixel >= 2)) return 0;
  return std::min(std::ilogb(ns_per_pixel), kCoarsest);
}

BucketTilePtr read_tile(const Trace& trace, TrackId track, int depth, int shift,
                        std::int64_t index) {
  auto tile = std::make_shared<BucketTile>();
  tile->shift = static_cast<std::uint8_t>(shift);
  const BucketQuery query{depth, std::ldexp(1.0, shift), tile_range(shift, index)};
  trace.visit_buckets(
      track, query, [&](std::span<const SummaryBucket> buckets, std::uint8_t found) {
        tile->shift = found;
        const double length = std::ldexp(1.0, found);
        tile->buckets.reserve(tile->buckets.size() + buckets.size());
        for (const auto& b : buckets)
          tile->buckets.push_back(
              {b.index, static_cast<float>(std::min(1.0, static_cast<double>(b.busy) / length)),
               b.longest, b.kind});
      });
  return tile;
}

bool TrackShape::suffices(int depth, double ns_per_pixel) const {
  return std::ldexp(1.0, finestShift(depth)) <= ns_per_pixel;
}

TrackShape read_shape(const Trace& trace, TrackId track) {
  TrackShape shape;
  shape.depth_count = trace.depth_count(track);
  const BucketVisitor ignore = [](std::span<const SummaryBucket>, std::uint8_t) {};
  for (int depth = 0; depth < shape.depth_count; ++depth) {
    int shift = 0;
    while (shift <= kCoarsest &&
           !trace.visit_buckets(track, {depth, std::ldexp(1.0, shift), kNowhere}, ignore))
      ++shift;
    shape.finest.push_back(static_cast<std::uint8_t>(shift));
  }
  return shape;
}

}  // namespace moescope
