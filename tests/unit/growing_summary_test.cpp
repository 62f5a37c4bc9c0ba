// The summary of a track that is still recorded tells the same as one that is made at once.
#include "core/trace/growing_summary.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

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

}  // namespace
}  // namespace moescope
