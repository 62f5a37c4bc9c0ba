// Level-of-detail summaries of a track, so that the cost of drawing depends on pixels, not spans.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/trace/chunk.h"
#include "core/trace/types.h"

namespace moescope {

/// Resolution of the finest level: about one bucket per this many spans, and at least so many
/// buckets.
inline constexpr std::uint64_t kSpansPerFinestBucket = 8;
inline constexpr std::uint64_t kMinSummaryBuckets = 64;

/// One bucket of 2^shift ns. `busy` is the time covered by spans that are inside, clipped to it.
struct SummaryBucket {
  std::uint32_t index = 0;          ///< bucket number: covers [index << shift, (index+1) << shift)
  std::uint32_t count = 0;          ///< spans that start in it
  TimeNs busy = 0;                  ///< ns, at most 2^shift
  StringId longest = 0;             ///< name of the span that covers most of it
  TimeNs longest_ns = 0;            ///< ns that span covers in one finest bucket
  SpanKind kind = SpanKind::Other;  ///< kind of that span
};

/// All non-empty buckets of one depth at one resolution, ascending by index.
struct SummaryLevel {
  std::uint8_t depth = 0;
  std::uint8_t shift = 0;
  std::vector<SummaryBucket> buckets;
};

/// Summaries of one track for every depth, finest first. Levels double until few buckets remain.
struct TrackSummary {
  std::uint8_t depth_count = 0;      ///< sub-lanes the track needs
  std::vector<SummaryLevel> levels;  ///< ordered by depth, then shift
  /// Coarsest level of `depth` whose buckets are at most `ns_per_pixel` long; nullptr when even
  /// the finest is longer (then draw spans).
  const SummaryLevel* level(int depth, double ns_per_pixel) const;
};

/// Grows a summary span by span (in order of start) and finishes it into levels.
class SummaryBuilder {
 public:
  /// `trace_length` bounds the bucket numbers; `expected_spans` chooses the finest resolution.
  SummaryBuilder(TimeNs trace_length, std::uint64_t expected_spans);
  void add(const SpanColumns& columns);
  TrackSummary finish();

 private:
  std::uint8_t finest_shift_;
  std::vector<SummaryLevel> finest_;   ///< one per depth
  std::vector<TimeNs> covered_until_;  ///< per depth: overlapping spans of one depth count once
};

}  // namespace moescope
