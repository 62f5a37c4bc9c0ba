#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/analysis/spans/find.h"
#include "core/analysis/spans/flow.h"
#include "core/analysis/spans/statistics.h"
#include "core/error.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using testing::ElementsAre;

TracePtr sample() {
  return test::make_trace({
      {"cudaLaunchKernel", 0, 5, 1, SpanKind::Runtime, 9},
      {"gemm_a", 10, 30, 7, SpanKind::Kernel, 9},
      {"gemm_a", 50, 10, 7, SpanKind::Kernel, 9},
      {"ncclDevKernel_SendRecv", 20, 100, 20},
  });
}

TrackId track_named(const Trace& trace, const std::string& name) {
  for (TrackId id = 0; id < trace.tracks().size(); ++id)
    if (trace.tracks()[id].name == name) return id;
  throw std::out_of_range(name);
}

TEST(Statistics, AnAreaCountsSpansThatTouchIt) {
  const auto trace = sample();
  const Classification classes(*trace, RuleSet::built_in());
  Progress progress;
  const auto whole = statistics_of(*trace, classes, {35, 55}, {}, false, progress);
  EXPECT_EQ(whole.all.count, 3U);
  EXPECT_EQ(whole.all.total, 30 + 10 + 100);
  EXPECT_EQ(whole.all.min, 10);
  EXPECT_EQ(whole.all.max, 100);
  ASSERT_EQ(whole.names.size(), 2U);
  EXPECT_EQ(trace->strings()[whole.names[0].name], "ncclDevKernel_SendRecv");
  EXPECT_EQ(whole.names[1].durations.count, 2U);
  EXPECT_DOUBLE_EQ(whole.names[1].durations.mean(), 20);
  EXPECT_EQ(trace->span(whole.names[1].longest).start, 10);
  const auto clipped =
      statistics_of(*trace, classes, {35, 55}, {track_named(*trace, "stream 7")}, true, progress);
  EXPECT_EQ(clipped.all.total, 5 + 5);
}

TEST(Statistics, SingleSpansAreGroupedByClass) {
  const auto trace = sample();
  const TrackId stream = track_named(*trace, "stream 7");
  const auto stats = statistics_of(*trace, Classification(*trace, RuleSet::built_in()),
                                   {{stream, 0}, {stream, 1}});
  ASSERT_EQ(stats.classes.size(), 1U);
  EXPECT_EQ(stats.classes[0].first, SpanClass::Dense);
  EXPECT_EQ(stats.classes[0].second.total, 40);
}

TEST(Find, PlainTextIsNoExpressionAndIgnoresCase) {
  const auto trace = sample();
  Progress progress;
  EXPECT_EQ(find_spans(*trace, {"GEMM_A"}, progress).hits.size(), 2U);
  EXPECT_TRUE(find_spans(*trace, {"gemm.a"}, progress).hits.empty());
  EXPECT_EQ(find_spans(*trace, {"gemm.a", true}, progress).hits.size(), 2U);
  EXPECT_TRUE(find_spans(*trace, {"GEMM_A", false, true}, progress).hits.empty());
  EXPECT_TRUE(find_spans(*trace, {""}, progress).hits.empty());
  EXPECT_THROW(find_spans(*trace, {"a(", true}, progress), Error);
  const auto limited = find_spans(*trace, {"e", false, false, 2}, progress);
  EXPECT_TRUE(limited.limited());
  EXPECT_EQ(limited.hits.size(), 2U);
  EXPECT_EQ(limited.total, find_spans(*trace, {"e"}, progress).hits.size());
}

TEST(Find, ALimitKeepsTheEarliestHitsOfAllTracks) {
  std::vector<test::MadeSpan> spans;
  for (int i = 0; i < 300; ++i) spans.push_back({"hit", 1000 - i * 3, 1, 7 + i % 4});
  const auto trace = test::make_trace(spans);
  Progress progress;
  const auto all = find_spans(*trace, {"hit"}, progress);
  EXPECT_FALSE(all.limited());
  ASSERT_EQ(all.hits.size(), 300U);
  for (const std::size_t limit : {0UL, 1UL, 17UL, 299UL, 300UL}) {
    const auto some = find_spans(*trace, {"hit", false, false, limit}, progress);
    EXPECT_EQ(some.limited(), limit < 300);
    EXPECT_EQ(some.total, 300U);
    ASSERT_EQ(some.hits.size(), limit);
    for (std::size_t i = 0; i < limit; ++i) {
      EXPECT_EQ(some.hits[i].ref, all.hits[i].ref);
      EXPECT_EQ(some.hits[i].span.start, trace->span(all.hits[i].ref).start);
    }
  }
}

/// Marks are as close as a picture of summaries needs them, and there are few of them.
TEST(Find, EveryBucketOfTheSummaryThatHasAHitHasAMark) {
  std::mt19937 random(5);
  std::vector<test::MadeSpan> spans;
  TimeNs at = 0;
  for (int i = 0; i < 30'000; ++i) {
    const bool burst = i / 1000 % 5 == 0;
    at += 1 + random() % (burst ? 5 : 60);
    spans.push_back({random() % 9 == 0 ? "a hit" : "other", at, 1, 7});
  }
  const auto trace = test::make_trace(spans);
  Progress progress;
  const FindResult found = find_spans(*trace, {"HIT"}, progress);
  ASSERT_TRUE(found.map);
  const auto& marks = found.map->lane(0, 0);
  const int shift = trace->summary(0)->levels.front().shift;
  std::set<TimeNs> hits, marked, buckets;
  for (const FoundSpan& hit : found.hits) {
    hits.insert(hit.span.start);
    buckets.insert(hit.span.start >> shift);
  }
  for (const HitMark& mark : marks) {
    EXPECT_TRUE(hits.contains(mark.start));
    EXPECT_TRUE(found.map->matches(mark.name));
    marked.insert(mark.start >> shift);
  }
  EXPECT_EQ(marked, buckets);
  EXPECT_LT(marks.size(), found.hits.size());
  EXPECT_TRUE(found.map->lane(0, 1).empty());
  EXPECT_TRUE(found.map->lane(7, 0).empty());
  EXPECT_FALSE(find_spans(*trace, {"no such name"}, progress).map);
}

TEST(Flow, OneLaunchOwnsAllKernelsOfItsCorrelation) {
  const auto trace = sample();
  Progress progress;
  const FlowIndex flow(*trace, Classification(*trace, RuleSet::built_in()), progress);
  const TrackId stream = track_named(*trace, "stream 7"), thread = track_named(*trace, "thread 1");
  EXPECT_THAT(flow.partners(*trace, {thread, 0}),
              ElementsAre(SpanRef{stream, 0}, SpanRef{stream, 1}));
  EXPECT_THAT(flow.partners(*trace, {stream, 1}), ElementsAre(SpanRef{thread, 0}));
  EXPECT_TRUE(flow.partners(*trace, {track_named(*trace, "stream 20"), 0}).empty());
}

TEST(Flow, TheNthCollectiveOfEachRankBelongsTogether) {
  TraceBuilder builder;
  std::vector<TrackId> tracks;
  for (int rank = 0; rank < 2; ++rank) {
    const ProcessId process = builder.add_process({.label = "rank", .rank = rank});
    tracks.push_back(
        builder.add_track({.process = process, .type = TrackType::DeviceStream, .device = 0}));
    SpanBatch batch;
    for (const TimeNs start : {0, 100})
      batch.columns.push_back({start + rank, 10,
                               builder.strings().intern("ncclDevKernel_AllReduce"), 0, 0,
                               SpanKind::Kernel, 0});
    builder.append(tracks.back(), std::move(batch));
  }
  const auto trace = builder.snapshot();
  Progress progress;
  const FlowIndex flow(*trace, Classification(*trace, RuleSet::built_in()), progress);
  EXPECT_THAT(flow.peers(*trace, {tracks[0], 1}), ElementsAre(SpanRef{tracks[1], 1}));
  EXPECT_THAT(flow.peers(*trace, {tracks[1], 0}), ElementsAre(SpanRef{tracks[0], 0}));
  EXPECT_EQ(flow.find_peers(*trace, {tracks[1], 0}).method, PeerMethod::Order);
  EXPECT_NE(std::string(to_string(PeerMethod::Order)), "");
}

/// Two ranks whose collectives are numbered; rank 1 recorded them in another order and misses one.
TracePtr numbered_ranks() {
  TraceBuilder builder;
  const auto args = [](int seq, const char* group) {
    return "{\"Collective name\":\"allreduce\",\"Process Group Name\":\"" + std::string(group) +
           "\",\"Process Group Ranks\":\"[0, 1]\",\"Seq\":" + std::to_string(seq) + "}";
  };
  const std::vector<std::vector<std::pair<int, const char*>>> ranks = {
      {{1, "ep"}, {2, "ep"}, {1, "dp"}, {3, "ep"}}, {{1, "dp"}, {3, "ep"}, {1, "ep"}}};
  for (const auto& rank : ranks) {
    const ProcessId process = builder.add_process({.label = "rank"});
    SpanBatch batch;
    batch.args_offsets.push_back(0);
    TimeNs start = 0;
    for (const auto& [seq, group] : rank) {
      batch.columns.push_back({start += 100, 10,
                               builder.strings().intern("ncclDevKernel_AllReduce"), 0, 0,
                               SpanKind::Kernel, 0});
      batch.args_text += args(seq, group);
      batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
    }
    builder.append(
        builder.add_track({.process = process, .type = TrackType::DeviceStream, .device = 0}),
        std::move(batch));
  }
  return builder.snapshot();
}

TEST(Flow, NumberedCollectivesMeetByGroupAndSequenceNotByOrder) {
  const auto trace = numbered_ranks();
  Progress progress;
  const FlowIndex flow(*trace, Classification(*trace, RuleSet::built_in()), progress);
  const auto peers_of = [&](std::uint32_t index) { return flow.find_peers(*trace, {0, index}); };
  EXPECT_THAT(peers_of(0).spans, ElementsAre(SpanRef{1, 2}));
  EXPECT_THAT(peers_of(2).spans, ElementsAre(SpanRef{1, 0}));
  EXPECT_THAT(peers_of(3).spans, ElementsAre(SpanRef{1, 1}));
  EXPECT_EQ(peers_of(0).method, PeerMethod::Sequence);
  EXPECT_TRUE(peers_of(1).spans.empty());  // not recorded on rank 1: no guess
  EXPECT_EQ(peers_of(1).method, PeerMethod::None);
}

TEST(Flow, CancelStopsTheIndex) {
  const auto trace = sample();
  Progress progress;
  progress.cancel();
  EXPECT_THROW(FlowIndex(*trace, Classification(*trace, RuleSet::built_in()), progress), Cancelled);
}

}  // namespace
}  // namespace moescope
