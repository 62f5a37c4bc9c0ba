// The summary of a track that is still being recorded equals one that is made at once.
#include "core/trace/growing_summary.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <random>

#include "core/trace/sink.h"

namespace moescope {
namespace {

constexpr TimeRange kAll{0, TimeNs{1} << 61};

SpanColumns columns(TimeNs first, int count, TimeNs step, TimeNs duration) {
  SpanColumns result;
  for (int i = 0; i < count; ++i) {
    Span span;
    span.start = first + i * step;
    span.duration = duration;
    span.name = 1;
    result.push_back(span);
  }
  return result;
}

struct Buckets {
  std::map<std::uint32_t, SummaryBucket> by_index;
  std::uint8_t shift = 0;

  BucketVisitor visitor() {
    return [this](std::span<const SummaryBucket> part, std::uint8_t at) {
      shift = at;
      for (const SummaryBucket& b : part) EXPECT_TRUE(by_index.emplace(b.index, b).second);
    };
  }
};

Buckets buckets(const SummarySnapshot& summary, int shift, TimeRange window = kAll) {
  Buckets found;
  EXPECT_TRUE(summary.visit({0, std::ldexp(1.0, shift), window}, found.visitor()));
  return found;
}

TEST(GrowingSummary, BucketsEqualThoseOfATraceBuiltAtOnce) {
  GrowingSummary growing;
  TraceBuilder builder;
  builder.add_track({});
  for (int part = 0; part < 40; ++part) {
    const SpanColumns spans = columns(part * 100'000, 100, 1000, 300 + part);
    growing.add(spans);
    builder.append(0, {spans, {}, {}});
  }
  const TracePtr whole = builder.snapshot();
  const auto snapshot = growing.snapshot();
  EXPECT_EQ(snapshot->depth_count(), whole->depth_count(0));
  for (const int shift : {14, 16, 18}) {
    Buckets theirs;
    ASSERT_TRUE(whole->visit_buckets(0, {0, std::ldexp(1.0, shift), kAll}, theirs.visitor()));
    const Buckets ours = buckets(*snapshot, shift);
    ASSERT_EQ(ours.shift, theirs.shift);
    ASSERT_EQ(ours.by_index.size(), theirs.by_index.size());
    for (const auto& [index, bucket] : theirs.by_index) {
      EXPECT_EQ(ours.by_index.at(index).busy, bucket.busy);
      EXPECT_EQ(ours.by_index.at(index).count, bucket.count);
    }
  }
}

TEST(GrowingSummary, WindowHoldsOnlyItsBuckets) {
  GrowingSummary growing;
  for (int part = 0; part < 100; ++part) growing.add(columns(part * 100'000, 100, 1000, 400));
  const Buckets found = buckets(*growing.snapshot(), 13, {4'000'000, 4'100'000});
  ASSERT_FALSE(found.by_index.empty());
  EXPECT_GT((TimeNs{found.by_index.begin()->first} + 1) << found.shift, 4'000'000);
  EXPECT_LT(TimeNs{found.by_index.rbegin()->first} << found.shift, 4'100'000);
}

TEST(GrowingSummary, SnapshotStaysAsItWas) {
  GrowingSummary growing;
  growing.add(columns(0, 1000, 1000, 500));
  const auto early = growing.snapshot();
  EXPECT_EQ(growing.snapshot(), early) << "nothing was added";
  const TimeNs busy = buckets(*early, 20).by_index.at(0).busy;
  growing.add(columns(1'000'000, 1000, 1000, 900));
  EXPECT_EQ(buckets(*early, 20).by_index.at(0).busy, busy);
  EXPECT_GT(buckets(*growing.snapshot(), 20).by_index.at(0).busy, busy);
}

TEST(GrowingSummary, LongQuietRecordingStaysSmall) {
  GrowingSummary growing;
  for (int i = 0; i < 4000; ++i)
    growing.add(columns(TimeNs{i} * 10'000'000'000, 1, 1, 9'000'000'000));
  const auto snapshot = growing.snapshot();
  std::size_t most = 0;
  for (int shift = 10; shift < 62; ++shift) {
    std::size_t at_level = 0;
    snapshot->visit({0, std::ldexp(1.0, shift), kAll},
                    [&](auto part, auto) { at_level += part.size(); });
    most = std::max(most, at_level);
  }
  EXPECT_GT(most, 0U);
  EXPECT_LE(most, 4000U / kSpansPerFinestBucket + kMinSummaryBuckets);
}

TEST(GrowingSummary, LatestTimesOfAllHaveBuckets) {
  GrowingSummary growing;
  const TimeNs last = std::numeric_limits<TimeNs>::max();
  growing.add(columns(0, 1, 1, 10));
  growing.add(columns(last - 100, 1, 1, 1000));
  Buckets found;
  EXPECT_TRUE(growing.snapshot()->visit({0, std::ldexp(1.0, 62), {0, last}}, found.visitor()));
  ASSERT_EQ(found.by_index.size(), 2U);
  EXPECT_EQ(found.by_index.rbegin()->second.busy, 100);
}

TEST(GrowingSummary, CoveredSpansCountWithoutBusyTime) {
  GrowingSummary growing;
  growing.add(columns(0, 1, 1, 1000));
  growing.add(columns(100, 3, 10, 50));
  const Buckets found = buckets(*growing.snapshot(), 20);
  EXPECT_EQ(found.by_index.at(0).busy, 1000);
  EXPECT_EQ(found.by_index.at(0).count, 4U);
}

/// Counts and busy times at the resolutions that both have. Which of two parts of a span was the
/// longest depends on the resolutions that there were when it came.
void expect_equal(const SummarySnapshot& ours, const SummarySnapshot& theirs) {
  ASSERT_EQ(ours.depth_count(), theirs.depth_count());
  int compared = 0;
  for (int depth = 0; depth < ours.depth_count(); ++depth)
    for (int shift = 10; shift < 60; ++shift) {
      const BucketQuery query{depth, std::ldexp(1.0, shift), kAll};
      Buckets a, b;
      if (!ours.visit(query, a.visitor()) || !theirs.visit(query, b.visitor())) continue;
      if (a.shift != shift || b.shift != shift) continue;  // asked for a finer one already
      ++compared;
      ASSERT_EQ(a.by_index.size(), b.by_index.size()) << "shift " << shift;
      for (const auto& [index, bucket] : b.by_index) {
        const SummaryBucket& own = a.by_index.at(index);
        ASSERT_EQ(own.count, bucket.count) << "shift " << shift << " bucket " << index;
        ASSERT_EQ(own.busy, bucket.busy);
      }
    }
  EXPECT_GT(compared, 4);
}

class GrowingSummaryForgets : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, GrowingSummaryForgets, testing::Range(1U, 21U));

/// Parts of random spans of several depths, some long, some covered; the oldest parts go in turn.
TEST_P(GrowingSummaryForgets, EqualsOneOfWhatIsLeft) {
  std::mt19937 random(GetParam());
  const auto below = [&](int limit) {
    return static_cast<TimeNs>(random() % static_cast<unsigned>(limit));
  };
  const bool overlapping = GetParam() % 2 == 0;
  std::deque<SpanColumns> parts;
  GrowingSummary summary;
  std::array<TimeNs, 3> free{};
  TimeNs now = 0;
  for (int round = 0; round < 60; ++round) {
    SpanColumns& part = parts.emplace_back();
    for (int i = 0; i < 2000; ++i) {
      Span span;
      span.depth = static_cast<std::uint8_t>(below(3));
      now += below(20) == 0 ? below(3'000'000) : below(3000);
      span.start = overlapping ? now : std::max(now, free[span.depth]);
      now = span.start;
      span.duration = below(100) == 0 ? below(2'000'000) : below(4000);
      free[span.depth] = std::max(free[span.depth], span.start + span.duration);
      span.name = static_cast<StringId>(below(5));
      part.push_back(span);
    }
    summary.add(part);
    if (round % 7 != 6) continue;
    TimeNs cut = 0;
    const auto end_of = [](const SpanColumns& of) { return describe_chunk(of, nullptr).last_end; };
    for (TimeNs goes = 1 + below(5); goes > 0; --goes) {
      cut = std::max(cut, end_of(parts.front()));
      parts.pop_front();
    }
    std::erase_if(parts, [&](const SpanColumns& of) { return end_of(of) <= cut; });
    std::vector<const SpanColumns*> left;
    GrowingSummary rebuilt;
    for (const SpanColumns& of : parts) {
      left.push_back(&of);
      rebuilt.add(of);
    }
    const auto before = summary.snapshot();
    summary.evict(cut, left);
    expect_equal(*summary.snapshot(), *rebuilt.snapshot());
  }
}

TEST(GrowingSummary, ForgottenWholeStartsAgain) {
  GrowingSummary growing;
  growing.add(columns(0, 1000, 1000, 500));
  growing.evict(1'000'000, {});
  growing.snapshot()->visit({0, std::ldexp(1.0, 20), kAll},
                            [](auto part, auto) { ADD_FAILURE() << part.size() << " buckets"; });
  growing.add(columns(200'000, 10, 1000, 500));
  std::uint32_t count = 0;
  for (const auto& [index, bucket] : buckets(*growing.snapshot(), 20).by_index)
    count += bucket.count;
  EXPECT_EQ(count, 10U);
}

TEST(GrowingSummary, QuietTimesThatAreForgottenLeaveFineBucketsAgain) {
  GrowingSummary growing;
  growing.add(columns(0, 1000, 1'000'000'000, 100));
  const SpanColumns busy = columns(1'000'000'000'000, 100'000, 2000, 1000);
  growing.add(busy);
  const int shift = 14;
  EXPECT_FALSE(growing.snapshot()->visit({0, std::ldexp(1.0, shift), kAll}, [](auto, auto) {}));
  growing.evict(999'000'000'100, {&busy});
  EXPECT_GT(buckets(*growing.snapshot(), shift).by_index.size(), 5000U);
}

}  // namespace
}  // namespace moescope
