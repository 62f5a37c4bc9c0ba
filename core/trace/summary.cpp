#include "core/trace/summary.h"

#include <bit>
#include <limits>

namespace moescope {
namespace {

/// Adds what `from` covers to `into`; both belong to one bucket of the coarser level.
void absorb(SummaryBucket& into, const SummaryBucket& from) {
  into.count += from.count;
  into.busy += from.busy;
  if (from.longest_ns > into.longest_ns) {
    into.longest = from.longest;
    into.longest_ns = from.longest_ns;
    into.kind = from.kind;
  }
}

SummaryLevel coarser(const SummaryLevel& level) {
  SummaryLevel result{level.depth, static_cast<std::uint8_t>(level.shift + 1), {}};
  for (const auto& bucket : level.buckets) {
    SummaryBucket parent = bucket;
    parent.index = bucket.index >> 1;
    if (!result.buckets.empty() && result.buckets.back().index == parent.index)
      absorb(result.buckets.back(), parent);
    else
      result.buckets.push_back(parent);
  }
  return result;
}

}  // namespace

const SummaryLevel* TrackSummary::level(int depth, double ns_per_pixel) const {
  const SummaryLevel* best = nullptr;
  for (const auto& level : levels) {
    if (level.depth != depth) continue;
    if (static_cast<double>(TimeNs{1} << level.shift) <= ns_per_pixel) best = &level;
  }
  return best;
}

SummaryBuilder::SummaryBuilder(TimeNs trace_length, std::uint64_t expected_spans) {
  const std::uint64_t buckets =
      std::max(kMinSummaryBuckets, expected_spans / kSpansPerFinestBucket);
  const auto width = static_cast<std::uint64_t>(std::max<TimeNs>(trace_length, 1)) / buckets + 1;
  finest_shift_ = static_cast<std::uint8_t>(std::bit_width(width - 1));
}

void SummaryBuilder::add(const SpanColumns& columns) {
  for (std::size_t row = 0; row < columns.size(); ++row) {
    const auto depth = columns.depth[row];
    while (finest_.size() <= depth) {
      finest_.push_back({static_cast<std::uint8_t>(finest_.size()), finest_shift_, {}});
      covered_until_.push_back(0);
    }
    auto& buckets = finest_[depth].buckets;
    const TimeNs first = std::max<TimeNs>(columns.start[row], 0);
    TimeNs end = 0;
    if (__builtin_add_overflow(columns.start[row], columns.duration[row], &end))
      end = std::numeric_limits<TimeNs>::max();
    end = std::max(first, end);
    // Where spans of one depth overlap, time counts once: busy stays below the bucket length, the
    // buckets stay in order and the work stays in proportion to spans plus buckets.
    const TimeNs start = std::min(end, std::max(first, covered_until_[depth]));
    covered_until_[depth] = std::max(covered_until_[depth], end);
    if (end < covered_until_[depth]) {
      ++buckets.back().count;
      continue;
    }
    for (TimeNs at = start;;) {
      const auto index = static_cast<std::uint32_t>(at >> finest_shift_);
      // The last bucket of all time would end one nanosecond behind it.
      const TimeNs bucket_last =
          (TimeNs{index} << finest_shift_) + ((TimeNs{1} << finest_shift_) - 1);
      const TimeNs bucket_end =
          bucket_last == std::numeric_limits<TimeNs>::max() ? bucket_last : bucket_last + 1;
      const TimeNs covered = std::min(end, bucket_end) - at;
      const SummaryBucket part{index,   at == start ? 1U : 0U, covered, columns.name[row],
                               covered, columns.kind[row]};
      if (!buckets.empty() && buckets.back().index == index)
        absorb(buckets.back(), part);
      else
        buckets.push_back(part);
      if (end <= bucket_end) break;
      at = bucket_end;
    }
  }
}

TrackSummary SummaryBuilder::finish() {
  TrackSummary summary;
  summary.depth_count = static_cast<std::uint8_t>(finest_.size());
  for (auto& level : finest_) {
    SummaryLevel next = std::move(level);
    while (next.buckets.size() > kMinSummaryBuckets && next.shift < 60) {
      SummaryLevel parent = coarser(next);
      summary.levels.push_back(std::move(next));
      next = std::move(parent);
    }
    summary.levels.push_back(std::move(next));
  }
  return summary;
}

}  // namespace moescope
