#include "core/trace/moetrace_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/moetrace.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using test::expect_same_trace;
using test::TemporaryFolder;
using namespace std::chrono_literals;

SpanBatch one_span(TimeNs start, StringId name = 0, const std::string& args = "") {
  SpanBatch batch;
  batch.columns.push_back({start, 5, name, 0, 0, SpanKind::Phase, 0});
  batch.columns.depth.clear();
  batch.args_text = args;
  batch.args_offsets = {0, static_cast<std::uint32_t>(args.size())};
  return batch;
}

TEST(MoetraceWriter, WritesWhatTheBuilderHolds) {
  TemporaryFolder folder;
  MoetraceWriter writer(folder / "a.moetrace");
  test::fill_sample(writer);
  Progress progress;
  writer.finish(progress);
  const TracePtr expected = test::sample_trace();
  const TracePtr found = open_moetrace(folder / "a.moetrace");
  expect_same_trace(*expected, *found);
  EXPECT_EQ(found->depth_count(0), expected->summary(0)->depth_count);
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(MoetraceWriter, AReaderKeepsItsViewWhileTheFileGrows) {
  TemporaryFolder folder;
  MoetraceWriter writer(folder / "a.moetrace", 1h);
  const TrackId track = writer.add_track({0, TrackType::Worker, -1, 0, "worker"});
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->tracks().size(), 0U);
  writer.append(track, one_span(10, writer.strings().intern("first"), "{\"a\":1}"));
  writer.flush();
  const TracePtr early = open_moetrace(folder / "a.moetrace");
  writer.append(track, one_span(20, writer.strings().intern("second"), "{\"a\":2}"));
  writer.flush();
  const TracePtr late = open_moetrace(folder / "a.moetrace");
  ASSERT_EQ(early->span_count(), 1U);
  EXPECT_EQ(early->name({track, 0}), "first");
  EXPECT_EQ(early->args({track, 0}), "{\"a\":1}");
  ASSERT_EQ(late->span_count(), 2U);
  EXPECT_EQ(late->name({track, 1}), "second");
  EXPECT_EQ(late->args({track, 1}), "{\"a\":2}");
  std::uint32_t counted = 0;
  for (const auto& bucket : late->summary(track)->levels.front().buckets) counted += bucket.count;
  EXPECT_EQ(counted, 2U);
}

TEST(MoetraceWriter, CommitsByItself) {
  TemporaryFolder folder;
  MoetraceWriter writer(folder / "a.moetrace", 10ms);
  const TrackId track = writer.add_track({});
  writer.append(track, one_span(10));
  for (int i = 0; i < 3000 && open_moetrace(folder / "a.moetrace")->span_count() == 0; ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->span_count(), 1U);
}

TEST(MoetraceWriter, BatchesOutOfOrderAreRefused) {
  TemporaryFolder folder;
  MoetraceWriter writer(folder / "a.moetrace");
  const TrackId track = writer.add_track({});
  writer.append(track, one_span(10));
  EXPECT_THROW(writer.append(track, one_span(9)), std::invalid_argument);
}

}  // namespace
}  // namespace moescope
