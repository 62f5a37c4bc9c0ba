#include "core/trace/growing_summary.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>

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
  explicit Level(std::uint8_t of) : shift(of) {}
  std::uint8_t shift;
  std::vector<std::shared_ptr<const SummarySnapshot::Block>> full;
  SummarySnapshot::Block open;
  std::size_t in_full = 0;  ///< buckets

  std::size_t size() const { return in_full + open.size(); }
  bool reaches(TimeNs time) const { return !open.empty() && open.back().index > time >> shift; }

  void push(const SummaryBucket& bucket) {
    if (open.size() == kBlockBuckets) close();
    open.push_back(bucket);
  }

  /// A block that follows all buckets so far.
  void share(std::shared_ptr<const SummarySnapshot::Block> block) {
    close();
    append(std::move(block));
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

  /// What is busy of one span, counted in the bucket where it starts; nothing: counted where the
  /// last bucket is.
  void add(const std::optional<TimeRange>& busy, StringId name, SpanKind kind) {
    if (!busy) {
      ++open.back().count;
      return;
    }
    const auto [start, end] = *busy;
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
    Level result(static_cast<std::uint8_t>(shift + 1));
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

  /// Replaces all buckets up to that of `cut` by `beginning`, of the same shift.
  void replace_until(TimeNs cut, const Level& beginning) {
    Level result(shift);
    const auto early = [&](const SummaryBucket& bucket) { return bucket.index <= cut >> shift; };
    const auto take = [&](const SummarySnapshot::Block& block, bool wanted) {
      for (const SummaryBucket& bucket : block)
        if (early(bucket) == wanted) result.push(bucket);
    };
    for (const auto& block : beginning.full) take(*block, true);
    take(beginning.open, true);
    for (const auto& block : full) {
      if (early(block->front()))
        take(*block, false);
      else
        result.share(block);
    }
    take(open, false);
    *this = std::move(result);
  }

 private:
  /// The open block becomes a full one.
  void close() {
    if (!open.empty()) append(std::make_shared<const SummarySnapshot::Block>(std::move(open)));
    open = {};
  }
  void append(std::shared_ptr<const SummarySnapshot::Block> block) {
    in_full += block->size();
    full.push_back(std::move(block));
  }
};

struct GrowingSummary::Depth {
  std::deque<Level> levels;  ///< finest first
  TimeNs covered_until = 0;  ///< overlapping spans of one depth count once

  /// What of row `row` counts as busy, and remembers that it is covered. Rows that are covered
  /// already give nothing; they count where the last bucket is.
  std::optional<TimeRange> cover(const SpanColumns& columns, std::size_t row) {
    const TimeNs first = std::max<TimeNs>(columns.start[row], 0);
    TimeNs end = 0;
    if (__builtin_add_overflow(columns.start[row], columns.duration[row], &end))
      end = std::numeric_limits<TimeNs>::max();
    end = std::max(first, end);
    if (end < covered_until) return std::nullopt;
    const TimeNs start = std::min(end, std::max(first, covered_until));
    covered_until = end;
    return TimeRange{start, end};
  }
};

struct GrowingSummary::State {
  std::deque<Depth> depths;
  std::uint64_t spans = 0;
  std::shared_ptr<const SummarySnapshot> snapshot;

  Depth& depth(std::size_t index) {
    while (depths.size() <= index) {
      depths.emplace_back();
      depths.back().levels.emplace_back(kFirstShift);
    }
    return depths[index];
  }
  std::uint64_t allowed() const {
    return std::max(kMinSummaryBuckets, spans / kSpansPerFinestBucket);
  }
  void coarsen(Depth& depth, TimeRange span) const;
  /// A level finer than the finest would have few enough buckets: a level has at most half as many
  /// as the next finer one.
  bool too_coarse(const Depth& depth) const {
    constexpr std::uint64_t kWorthwhile = 4;
    const Level& finest = depth.levels.front();
    return finest.shift > kFirstShift && kWorthwhile * finest.size() <= allowed();
  }
};

GrowingSummary::GrowingSummary() : state_(std::make_unique<State>()) {}
GrowingSummary::GrowingSummary(GrowingSummary&&) noexcept = default;
GrowingSummary& GrowingSummary::operator=(GrowingSummary&&) noexcept = default;
GrowingSummary::~GrowingSummary() = default;

/// Makes room for a span: few enough buckets, and numbers that fit.
void GrowingSummary::State::coarsen(Depth& depth, TimeRange span) const {
  auto& levels = depth.levels;
  const auto too_fine = [&](const Level& level) {
    return level.size() + static_cast<std::uint64_t>(span.length() >> level.shift) > allowed() ||
           span.end >> level.shift > std::numeric_limits<std::uint32_t>::max();
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
    const auto busy = at.cover(columns, row);
    if (busy) state_->coarsen(at, *busy);
    for (Level& level : at.levels) level.add(busy, columns.name[row], columns.kind[row]);
  }
}

/// The buckets of one depth up to a time, rebuilt.
class GrowingSummary::Beginning {
 public:
  Beginning(const Depth& of, TimeNs cut) : cut_(cut) {
    for (const Level& level : of.levels) depth_.levels.emplace_back(level.shift);
  }
  /// False when the row, and so all later ones, starts after the buckets.
  bool add(const SpanColumns& columns, std::size_t row) {
    const TimeNs start = std::max<TimeNs>(columns.start[row], 0);
    const auto touches = [&](const Level& level) {
      return start >> level.shift <= cut_ >> level.shift;
    };
    if (!touches(depth_.levels.back())) return false;
    const auto busy = depth_.cover(columns, row);
    for (Level& level : depth_.levels)
      if (touches(level)) level.add(busy, columns.name[row], columns.kind[row]);
    return true;
  }
  void replace_in(Depth& depth) const {
    if (!depth.levels.front().reaches(cut_)) depth.covered_until = depth_.covered_until;
    for (std::size_t i = 0; i < depth.levels.size(); ++i)
      depth.levels[i].replace_until(cut_, depth_.levels[i]);
  }

 private:
  Depth depth_;
  TimeNs cut_;
};

void GrowingSummary::evict(TimeNs cut, const std::vector<const SpanColumns*>& kept) {
  State& s = *state_;
  s.snapshot.reset();
  cut = std::max<TimeNs>(cut, 0);
  std::vector<Beginning> beginnings;
  for (const Depth& depth : s.depths) beginnings.emplace_back(depth, cut);
  s.spans = 0;
  for (const SpanColumns* columns : kept) {
    s.spans += columns->size();
    for (std::size_t row = 0; row < columns->size(); ++row)
      if (!beginnings[columns->depth[row]].add(*columns, row)) break;
  }
  for (std::size_t i = 0; i < s.depths.size(); ++i) beginnings[i].replace_in(s.depths[i]);
  const bool coarse = std::any_of(s.depths.begin(), s.depths.end(),
                                  [&](const Depth& depth) { return s.too_coarse(depth); });
  if (!coarse) return;
  *this = GrowingSummary();
  for (const SpanColumns* columns : kept) add(*columns);
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
