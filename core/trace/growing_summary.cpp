#include "core/trace/growing_summary.h"

#include <algorithm>
#include <deque>
#include <limits>

namespace moescope {
namespace {

constexpr std::uint8_t kFirstShift = 10;  ///< about 1 us
constexpr std::uint8_t kLastShift = 60;
constexpr std::size_t kBlockBuckets = 128;

}  // namespace

bool SummarySnapshot::visit(const BucketQuery& query, const BucketVisitor& visit) const {
  if (query.depth < 0 || query.depth >= depth_count()) return false;
  const Level* level = nullptr;
  for (const Level& candidate : depths_[static_cast<std::size_t>(query.depth)])
    if (static_cast<double>(TimeNs{1} << candidate.shift) <= query.ns_per_pixel) level = &candidate;
  if (level == nullptr) return false;
  const auto before = [&](const SummaryBucket& bucket) {
    return TimeNs{bucket.index} < query.window.begin >> level->shift;
  };
  const auto within = [&](const SummaryBucket& bucket) {
    return TimeNs{bucket.index} << level->shift < query.window.end;
  };
  auto block = std::partition_point(level->blocks.begin(), level->blocks.end(),
                                    [&](const auto& b) { return before(b->back()); });
  for (; block != level->blocks.end() && within((*block)->front()); ++block) {
    const auto first = std::partition_point((*block)->begin(), (*block)->end(), before);
    const auto last = std::partition_point(first, (*block)->end(), within);
    if (first != last) visit(std::span(first, last), level->shift);
  }
  return true;
}

/// One resolution. Only the last bucket ever changes.
struct GrowingSummary::Level {
  std::uint8_t shift = 0;
  std::vector<std::shared_ptr<const SummarySnapshot::Block>> full;
  SummarySnapshot::Block open;

  std::size_t size() const { return full.size() * kBlockBuckets + open.size(); }

  void push(const SummaryBucket& bucket) {
    if (open.size() == kBlockBuckets) {
      full.push_back(std::make_shared<const SummarySnapshot::Block>(std::move(open)));
      open = {};
    }
    open.push_back(bucket);
  }

  void absorb(const SummaryBucket& part) {
    if (open.empty() || open.back().index != part.index) {
      push(part);
      return;
    }
    SummaryBucket& into = open.back();
    into.count += part.count;
    into.busy += part.busy;
    if (part.longest_ns <= into.longest_ns) return;
    into.longest = part.longest;
    into.longest_ns = part.longest_ns;
    into.kind = part.kind;
  }

  /// [start, end) of one span, `counted` in the bucket where it starts.
  void add(TimeNs start, TimeNs end, StringId name, SpanKind kind) {
    for (TimeNs at = start;;) {
      const auto index = static_cast<std::uint32_t>(at >> shift);
      // The last bucket of all time would end one nanosecond behind it.
      const TimeNs bucket_last = (TimeNs{index} << shift) + ((TimeNs{1} << shift) - 1);
      const TimeNs bucket_end =
          bucket_last == std::numeric_limits<TimeNs>::max() ? bucket_last : bucket_last + 1;
      const TimeNs covered = std::min(end, bucket_end) - at;
      absorb({index, at == start ? 1U : 0U, covered, name, covered, kind});
      if (end <= bucket_end) return;
      at = bucket_end;
    }
  }

  Level coarser() const {
    Level result{static_cast<std::uint8_t>(shift + 1), {}, {}};
    const auto take = [&](const SummarySnapshot::Block& block) {
      for (SummaryBucket bucket : block) {
        bucket.index >>= 1;
        result.absorb(bucket);
      }
    };
    for (const auto& block : full) take(*block);
    take(open);
    return result;
  }
};

struct GrowingSummary::Depth {
  std::deque<Level> levels;  ///< finest first
  TimeNs covered_until = 0;  ///< overlapping spans of one depth count once
};

struct GrowingSummary::State {
  std::deque<Depth> depths;
  std::uint64_t spans = 0;
  std::shared_ptr<const SummarySnapshot> snapshot;

  Depth& depth(std::size_t index) {
    while (depths.size() <= index) {
      depths.emplace_back();
      depths.back().levels.push_back({kFirstShift, {}, {}});
    }
    return depths[index];
  }
  void coarsen(Depth& depth, TimeNs start, TimeNs end) const;
};

GrowingSummary::GrowingSummary() : state_(std::make_unique<State>()) {}
GrowingSummary::GrowingSummary(GrowingSummary&&) noexcept = default;
GrowingSummary& GrowingSummary::operator=(GrowingSummary&&) noexcept = default;
GrowingSummary::~GrowingSummary() = default;

/// Makes room for a span: few enough buckets, and numbers that fit.
void GrowingSummary::State::coarsen(Depth& depth, TimeNs start, TimeNs end) const {
  const std::uint64_t allowed = std::max(kMinSummaryBuckets, spans / kSpansPerFinestBucket);
  auto& levels = depth.levels;
  const auto too_fine = [&](const Level& level) {
    return level.size() + static_cast<std::uint64_t>((end - start) >> level.shift) > allowed ||
           end >> level.shift > std::numeric_limits<std::uint32_t>::max();
  };
  while (levels.front().shift < kLastShift && too_fine(levels.front())) {
    if (levels.size() == 1) levels.push_back(levels.front().coarser());
    levels.pop_front();
  }
  if (levels.back().size() > kMinSummaryBuckets && levels.back().shift < kLastShift)
    levels.push_back(levels.back().coarser());
}

void GrowingSummary::add(const SpanColumns& columns, std::size_t first_row) {
  if (first_row < columns.size()) state_->snapshot.reset();
  for (std::size_t row = first_row; row < columns.size(); ++row) {
    ++state_->spans;
    Depth& at = state_->depth(columns.depth[row]);
    const TimeNs first = std::max<TimeNs>(columns.start[row], 0);
    TimeNs end = 0;
    if (__builtin_add_overflow(columns.start[row], columns.duration[row], &end))
      end = std::numeric_limits<TimeNs>::max();
    end = std::max(first, end);
    const TimeNs start = std::min(end, std::max(first, at.covered_until));
    if (end < at.covered_until) {
      for (Level& level : at.levels) ++level.open.back().count;
      continue;
    }
    at.covered_until = end;
    state_->coarsen(at, start, end);
    for (Level& level : at.levels) level.add(start, end, columns.name[row], columns.kind[row]);
  }
}

std::shared_ptr<const SummarySnapshot> GrowingSummary::snapshot() {
  if (state_->snapshot) return state_->snapshot;
  std::vector<std::vector<SummarySnapshot::Level>> depths(state_->depths.size());
  for (std::size_t depth = 0; depth < state_->depths.size(); ++depth) {
    for (const Level& level : state_->depths[depth].levels) {
      SummarySnapshot::Level& copy = depths[depth].emplace_back();
      copy.shift = level.shift;
      copy.blocks = level.full;
      if (!level.open.empty())
        copy.blocks.push_back(std::make_shared<const SummarySnapshot::Block>(level.open));
    }
  }
  state_->snapshot = std::make_shared<const SummarySnapshot>(std::move(depths));
  return state_->snapshot;
}

}  // namespace moescope
