// Records of kernels on their way into a recording.
#include "gpu/record/kernel_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/sm/sm_allocation.h"
#include "core/import/open.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/record/recorder.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

KernelRecord block(std::uint32_t launch, std::int64_t begin, std::int64_t end, std::uint16_t sm,
                   SpanName name = SpanName::Dispatch, int stream = 1) {
  KernelRecord record{begin, end, {}, sm};
  record.stamp.step = 3;
  record.stamp.launch = launch;
  record.stamp.layer = 2;
  record.stamp.rank = 1;
  record.stamp.name = static_cast<std::uint8_t>(name);
  record.stamp.stream = static_cast<std::uint8_t>(stream);
  return record;
}

TEST(KernelLog, TheClockIsFittedByTheQuickestSample) {
  const std::vector<ClockSample> samples = {
      {100, 5000, 900}, {1000, 5500, 1040}, {2000, 9000, 2900}};
  const GpuClock clock = fit_clock(samples);
  EXPECT_EQ(clock.offset, 1020 - 5500);
  EXPECT_EQ(clock.error, 20);
}

TEST(KernelLog, ALaunchIsASpanAndItsBlocksHoldTheirSms) {
  RankLogs logs(2);
  // Blocks come in any order; the last launch is a library's, known by its two ends only.
  log_kernels({block(2, 60, 90, 7), block(1, 12, 50, 5), block(1, 10, 40, 131),
               block(3, 91, 91, kNoSm, SpanName::Experts, 0),
               block(3, 99, 99, kNoSm, SpanName::Experts, 0)},
              {1000, 0, 0}, logs.all());
  std::vector<SpanRecord> sent, experts, layers;
  std::vector<WorkerRecord> workers, library;
  logs.log(1)->streams[1].drain(sent);
  logs.log(1)->streams[0].drain(experts);
  logs.log(1)->micro_batches[0].drain(layers);
  logs.log(1)->workers[1].drain(workers);
  logs.log(1)->workers[0].drain(library);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].begin, 1010);
  EXPECT_EQ(sent[0].end, 1050);
  EXPECT_EQ(sent[0].name, SpanName::Dispatch);
  EXPECT_EQ(sent[0].layer, 2);
  EXPECT_EQ(sent[0].step, 3U);
  EXPECT_NE(sent[0].correlation, sent[1].correlation);
  ASSERT_EQ(workers.size(), 3U);
  EXPECT_EQ(workers[0].worker, 131U);
  EXPECT_EQ(workers[0].correlation, sent[0].correlation);
  EXPECT_EQ(workers[2].worker, 7U);
  EXPECT_EQ(workers[2].begin, 1060);
  ASSERT_EQ(experts.size(), 1U);
  EXPECT_EQ(experts[0].begin, 1091);
  EXPECT_EQ(experts[0].end, 1099);
  EXPECT_TRUE(library.empty());
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0].begin, 1010);
  EXPECT_EQ(layers[0].end, 1099);
}

TEST(KernelLog, ARecordingHasTheSmsOfAGpuAsRecorded) {
  const test::TempFolder folder;
  const auto file = folder / "gpu.moetrace";
  RankLogs logs(2);
  {
    MoetraceWriter writer(file);
    const std::vector<RecordedRank> ranks = {{0, 0, UnitKind::Prefill, 132, "NVIDIA H100", false},
                                             {1, 0, UnitKind::Prefill, 132, "NVIDIA H100", false}};
    Recorder recorder(writer, ranks, {}, 0, &logs);
    log_kernels({block(1, 0, 100, 5), block(1, 0, 100, 131), block(2, 0, 50, 6, SpanName::Gate, 0)},
                {1000, 0, 0}, logs.all());
    recorder.finish();
    Progress progress;
    writer.finish(progress);
  }
  Progress progress;
  const TracePtr trace = open_trace({file}, {}, progress);
  const auto all = analyze_sm_allocation(*trace, Classification(*trace, RuleSet::built_in()));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].method, SmMethod::Recorded);
  EXPECT_EQ(all[0].sm_count, 132);
  EXPECT_EQ(all[0].comm_sm_ns, 2 * 100);
  EXPECT_EQ(all[0].compute_sm_ns, 50);
}

}  // namespace
}  // namespace moescope::runtime
