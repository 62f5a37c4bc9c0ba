// The summary of a track that is still being recorded: grows span by span and is never rebuilt.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// Snapshot of a GrowingSummary; immutable. Full blocks are shared with it and with later
/// snapshots.
class SummarySnapshot {
 public:
  using Block = std::vector<SummaryBucket>;
  struct Level {
    std::uint8_t shift = 0;
    std::vector<std::shared_ptr<const Block>> blocks;  ///< ascending, none empty
  };

  explicit SummarySnapshot(std::vector<std::vector<Level>> depths) : depths_(std::move(depths)) {}
  int depth_count() const { return static_cast<int>(depths_.size()); }
  /// As ChunkStore::visit_buckets().
  bool visit(const BucketQuery& query, const BucketVisitor& visit) const;

 private:
  std::vector<std::vector<Level>> depths_;  ///< [depth], finest level first
};

/// Every level is updated as spans arrive, so that a snapshot costs only the blocks that are not
/// full yet. The finest level is dropped when it has more than one bucket per kSpansPerFinestBucket
/// spans: memory stays proportional to the number of spans, however long the recording runs.
class GrowingSummary {
 public:
  GrowingSummary();
  GrowingSummary(GrowingSummary&&) noexcept;
  GrowingSummary& operator=(GrowingSummary&&) noexcept;
  ~GrowingSummary();
  /// Spans from row `first_row` on, in order of start, each with its depth; none starts before the
  /// last one added.
  void add(const SpanColumns& columns, std::size_t first_row = 0);
  /// Drops what is older than the remaining spans: all those not in `kept`, which is in order,
  /// ended at `cut` at the latest. The result equals a summary of `kept`, possibly without its
  /// finest levels. Costs the spans around `cut`.
  void evict(TimeNs cut, const std::vector<const SpanColumns*>& kept);
  /// Returns the same object until more is added.
  std::shared_ptr<const SummarySnapshot> snapshot();

 private:
  struct Level;
  struct Depth;
  struct State;
  class Beginning;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
