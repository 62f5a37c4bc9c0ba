#include "core/trace/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/sink.h"

namespace moescope {
namespace {

SpanBatch batch_of(std::vector<std::pair<TimeNs, TimeNs>> spans, StringId name = 0) {
  SpanBatch batch;
  for (const auto& [start, duration] : spans) {
    batch.columns.start.push_back(start);
    batch.columns.duration.push_back(duration);
    batch.columns.name.push_back(name);
    batch.columns.correlation.push_back(0);
    batch.columns.launch.push_back(0);
    batch.columns.kind.push_back(SpanKind::Kernel);
  }
  return batch;
}

TEST(Trace, SnapshotsShareChunksAndDoNotSeeLaterSpans) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  builder.append(track, batch_of({{0, 10}, {20, 5}}));
  const TracePtr before = builder.snapshot();
  builder.append(track, batch_of({{30, 10}}));
  const TracePtr after = builder.snapshot();
  EXPECT_EQ(before->span_count(), 2U);
  EXPECT_EQ(after->span_count(), 3U);
  EXPECT_EQ(before->chunk(track, 0).get(), after->chunk(track, 0).get());
  EXPECT_EQ(after->range(), (TimeRange{0, 40}));
  EXPECT_EQ(after->span({track, 2}).start, 30);
}

TEST(Trace, OverlappingSpansGetSubLanesAndNestedSpansDepths) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  builder.append(track, batch_of({{0, 100}, {10, 20}, {15, 5}, {50, 60}, {110, 1}}));
  const TracePtr trace = builder.snapshot();
  std::vector<int> depths;
  for (std::uint32_t i = 0; i < 5; ++i) depths.push_back(trace->span({track, i}).depth);
  EXPECT_THAT(depths, testing::ElementsAre(0, 1, 2, 1, 0));
}

TEST(Trace, ArgumentsAreFoundAcrossChunks) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  std::vector<std::pair<TimeNs, TimeNs>> spans;
  for (TimeNs i = 0; i < static_cast<TimeNs>(kChunkSpans) + 3; ++i) spans.emplace_back(i * 10, 5);
  SpanBatch batch = batch_of(spans);
  batch.args_offsets.push_back(0);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i % 2 == 1) batch.args_text += "{\"i\":" + std::to_string(i) + "}";
    batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
  }
  builder.append(track, std::move(batch));
  const TracePtr trace = builder.snapshot();
  EXPECT_EQ(trace->chunk_infos(track).size(), 2U);
  EXPECT_EQ(trace->args({track, 1}), "{\"i\":1}");
  EXPECT_EQ(trace->args({track, 2}), "");
  EXPECT_EQ(trace->args({track, kChunkSpans + 1}),
            "{\"i\":" + std::to_string(kChunkSpans + 1) + "}");
  EXPECT_THROW(trace->args({track, kChunkSpans + 3}), std::out_of_range);
}

TEST(Trace, ASpanTakesAtMostFortyBytes) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  std::vector<std::pair<TimeNs, TimeNs>> spans;
  for (TimeNs i = 0; i < 50000; ++i) spans.emplace_back(i * 10, 5);
  builder.append(track, batch_of(spans));
  const TracePtr trace = builder.snapshot();
  std::size_t bytes = 0;
  trace->visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
    bytes += chunk.memory_bytes();
    return true;
  });
  EXPECT_LE(bytes, spans.size() * 40);
}

TEST(Trace, WindowVisitsLongSpansThatStartedEarlier) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  builder.append(track, batch_of({{0, 1000}}));
  builder.append(track, batch_of({{10, 1}}));
  builder.append(track, batch_of({{20, 1}}));
  const TracePtr trace = builder.snapshot();
  std::vector<std::uint32_t> visited;
  trace->visit_chunks(track, {500, 600}, [&](const SpanChunk&, std::uint32_t first) {
    visited.push_back(first);
    return true;
  });
  EXPECT_THAT(visited, testing::ElementsAre(0));
}

TEST(Trace, SummaryKeepsBusyTimeAtEveryLevel) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  std::vector<std::pair<TimeNs, TimeNs>> spans;
  TimeNs busy = 0;
  for (TimeNs i = 0; i < 5000; ++i) {
    spans.emplace_back(i * 100, 10 + i % 90);
    busy += 10 + i % 90;
  }
  builder.append(track, batch_of(spans));
  const auto summary = builder.snapshot()->summary(track);
  ASSERT_FALSE(summary->levels.empty());
  for (const auto& level : summary->levels) {
    TimeNs total = 0;
    std::uint64_t count = 0;
    for (const auto& bucket : level.buckets) {
      EXPECT_LE(bucket.busy, TimeNs{1} << level.shift);
      total += bucket.busy;
      count += bucket.count;
    }
    EXPECT_EQ(total, busy);
    EXPECT_EQ(count, 5000U);
  }
}

TEST(Trace, BatchesOutOfOrderAreRefused) {
  TraceBuilder builder;
  const TrackId track = builder.add_track({});
  EXPECT_THROW(builder.append(track, batch_of({{10, 1}, {0, 1}})), std::invalid_argument);
  builder.append(track, batch_of({{10, 1}}));
  EXPECT_THROW(builder.append(track, batch_of({{5, 1}})), std::invalid_argument);
}

}  // namespace
}  // namespace moescope
