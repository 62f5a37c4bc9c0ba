// Detail of recordings: when it is reduced, what replaces spans, and that it is reported.
#include "gpu/record/detail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/file/recording_sink.h"
#include "gpu/base/clock.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kMs = 1'000'000;

TEST(GpuDetail, GoesDownAtOnceAndUpAgainOnlyAfterACalmWhile) {
  DetailGovernor governor;
  EXPECT_EQ(governor.update(0.4, 0), Detail::Spans);
  EXPECT_EQ(governor.update(0.6, 10 * kMs), Detail::Steps);
  EXPECT_EQ(governor.update(0.05, 100 * kMs), Detail::Steps);
  EXPECT_EQ(governor.update(0.05, 2099 * kMs), Detail::Steps);
  EXPECT_EQ(governor.update(0.3, 2100 * kMs), Detail::Steps) << "not calm: counted from the start";
  EXPECT_EQ(governor.update(0.05, 2200 * kMs), Detail::Steps);
  EXPECT_EQ(governor.update(0.05, 4200 * kMs), Detail::Spans);
  EXPECT_EQ(governor.update(0.3, 4300 * kMs), Detail::Spans) << "between both: as before";
}

SpanRecord span(SpanName name, std::uint32_t step, std::int64_t begin, std::int64_t end,
                std::uint64_t ib_bytes = 0) {
  SpanRecord record;
  record.name = name;
  record.step = step;
  record.begin = begin;
  record.end = end;
  record.ib_bytes = ib_bytes;
  return record;
}

TEST(GpuDetail, SumsOfAStepAreUnionsWhateverTheOrderOfItsSpans) {
  StepSums sums;
  sums.add(span(SpanName::DispatchWait, 7, 20, 50));
  sums.add(span(SpanName::Attention, 8, 60, 70));  // the next step begins before all is added
  sums.add(span(SpanName::Attention, 7, 0, 30));
  sums.add(span(SpanName::Dispatch, 7, 10, 20, 100));
  sums.add(span(SpanName::Experts, 7, 25, 40));
  const auto done = sums.take(false);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].step, 7U);
  EXPECT_EQ(done[0].begin, 0);
  EXPECT_EQ(done[0].end, 50);
  EXPECT_EQ(done[0].spans, 4U);
  EXPECT_EQ(done[0].compute, 40);
  EXPECT_EQ(done[0].communication, 40);
  EXPECT_EQ(done[0].overlap, 30);
  EXPECT_EQ(done[0].exposed(), 10);
  EXPECT_EQ(done[0].ib_bytes, 100U);
  EXPECT_THAT(sums.take(true), SizeIs(1));
  EXPECT_THAT(sums.take(true), SizeIs(0));
}

/// Counts what it gets, and is as slow as a test wants.
class SlowSink final : public RecordingSink {
 public:
  StringTable& strings() override { return strings_; }
  ProcessId add_process(Process) override { return processes_++; }
  void add_device(Device) override {}
  TrackId add_track(Track track) override {
    tracks.push_back(track.name);
    return static_cast<TrackId>(tracks.size() - 1);
  }
  LaunchId intern_launch(const LaunchConfig&) override { return 0; }
  void append(TrackId track, SpanBatch batch) override {
    check_batch(batch);
    spans[tracks[track]] += batch.columns.size();
    args += batch.args_text;
  }
  void add_sm_records(std::vector<SmRecord> records) override { workers += records.size(); }
  void add_counter(CounterSeries) override {}
  void add_note(Note) override {}
  void add_loss(Loss loss) override { losses.push_back(std::move(loss)); }
  void set_info(TraceInfo) override {}
  void add_loads(LoadRow) override {}
  void add_plan(PlanRow) override {}
  double backlog() const override { return fullness; }

  std::vector<std::string> tracks;
  std::map<std::string, std::size_t> spans;
  std::string args;
  std::size_t workers = 0;
  std::vector<Loss> losses;
  std::atomic<double> fullness{0};

 private:
  StringTable strings_;
  ProcessId processes_ = 0;
};

void log_step(RankLog& log, std::uint32_t step, std::int64_t begin) {
  log.streams[0].push(span(SpanName::Attention, step, begin, begin + 10));
  log.streams[1].push(span(SpanName::Dispatch, step, begin + 5, begin + 25));
  log.workers[0].push({begin, begin + 10, 1, 1});
  log.streams[kKvStream].push(span(SpanName::KvHandOver, step, begin, begin + 1));
}

TEST(GpuDetail, RecorderWritesSumsForASinkThatCannotKeepUpAndSaysSo) {
  SlowSink sink;
  sink.fullness = 0.8;
  const std::int64_t start = steady_now();
  Recorder recorder(sink, {{0, 0, UnitKind::Decode, 3}}, {}, start);
  log_step(*recorder.log(0), 3, start + 100);
  log_step(*recorder.log(0), 4, start + 200);
  const auto statistics = recorder.finish();
  EXPECT_EQ(statistics.dropped, 0U);
  EXPECT_EQ(recorder.detail(), Detail::Steps);
  EXPECT_EQ(sink.spans["compute"], 0U);
  EXPECT_EQ(sink.spans["communication"], 0U);
  EXPECT_EQ(sink.spans["kv hand-over"], 2U) << "few, and no part of a step";
  EXPECT_EQ(sink.spans["summaries of steps"], 2U);
  EXPECT_EQ(sink.workers, 0U);
  EXPECT_THAT(sink.args, HasSubstr("\"step\":4,\"spans\":2,\"compute_ns\":10,\"comm_ns\":20,"
                                   "\"overlap_ns\":5,\"exposed_comm_ns\":15"));
  std::uint64_t left_out = 0;
  ASSERT_FALSE(sink.losses.empty());
  for (const Loss& loss : sink.losses) {
    EXPECT_EQ(loss.kind, LossKind::ReducedDetail);
    EXPECT_THAT(loss.reason, HasSubstr("could not keep up"));
    left_out += loss.count.value_or(0);
  }
  EXPECT_EQ(left_out, 6U);
  EXPECT_EQ(sink.losses.front().when.begin, 100);
  EXPECT_EQ(sink.losses.back().when.end, 225);
}

TEST(GpuDetail, RecorderWritesEverythingForASinkThatKeepsUp) {
  SlowSink sink;
  const std::int64_t start = steady_now();
  Recorder recorder(sink, {{0, 0, UnitKind::Prefill, 3}}, {}, start);
  log_step(*recorder.log(0), 3, start + 100);
  recorder.finish();
  EXPECT_EQ(recorder.detail(), Detail::Spans);
  EXPECT_EQ(sink.spans["compute"] + sink.spans["communication"], 2U);
  EXPECT_EQ(sink.workers, 1U);
  EXPECT_TRUE(sink.losses.empty());
  EXPECT_THAT(sink.tracks, ::testing::Not(::testing::Contains("summaries of steps")));
}

TEST(GpuDetail, FullRingsReduceDetailBeforeTheyDrop) {
  SlowSink sink;
  const std::int64_t start = steady_now();
  RankLogs logs(1);
  Ring<SpanRecord>& ring = logs.log(0)->streams[0];
  for (std::uint64_t i = 0; i < ring.capacity() * 6 / 10; ++i)
    ring.push(span(SpanName::Attention, 1, start + static_cast<std::int64_t>(i),
                   start + static_cast<std::int64_t>(i) + 1));
  EXPECT_GT(logs.log(0)->fullness(), 0.5);
  Recorder recorder(sink, {{0, 0, UnitKind::Prefill, 3}}, {}, start, &logs);
  const auto statistics = recorder.finish();
  EXPECT_EQ(statistics.dropped, 0U);
  EXPECT_EQ(sink.spans["compute"], 0U);
  EXPECT_EQ(sink.spans["summaries of steps"], 1U);
}

}  // namespace
}  // namespace moescope::runtime
