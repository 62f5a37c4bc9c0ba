// The summary of a track that is still recorded: grows span by span and is shared, never rebuilt.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// What a GrowingSummary held at one moment; immutable. Blocks that were full then are shared with
/// it and with later moments.
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

/// Every level is kept up to date as spans come, so that a moment costs the blocks that are not
/// full yet. The finest level goes when it has more buckets than one for kSpansPerFinestBucket
/// spans: memory stays in proportion to spans, however long the recording runs.
class GrowingSummary {
 public:
  GrowingSummary();
  GrowingSummary(GrowingSummary&&) noexcept;
  GrowingSummary& operator=(GrowingSummary&&) noexcept;
  ~GrowingSummary();
  /// Spans from row `first_row` on, in order of start, each with its depth; none starts before the
  /// last one added.
  void add(const SpanColumns& columns, std::size_t first_row = 0);
  /// Lets go of what is older than the spans that are left: all those that are not in `kept`, which
  /// is in order, ended at `cut` at the latest. What is left then tells the same as a summary of
  /// `kept`, if perhaps without its finest levels. Costs the spans around `cut`.
  void evict(TimeNs cut, const std::vector<const SpanColumns*>& kept);
  /// The same object until more is added.
  std::shared_ptr<const SummarySnapshot> snapshot();

 private:
  struct Level;
  struct Depth;
  struct State;
  class Beginning;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
