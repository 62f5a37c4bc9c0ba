// What the rings of a recorder drop is reported with its time and place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/record/recorder.h"
#include "tests/support/temp_folder.h"

namespace moescope::runtime {
namespace {

TEST(RecorderLosses, DropsOfARingAreInTheFile) {
  const test::TempFolder folder;
  const auto file = folder / "a.moetrace";
  constexpr std::uint64_t kRounds = 200'000;  // many times what a ring holds
  const std::int64_t start = steady_now();
  RecorderStatistics statistics;
  {
    MoetraceWriter writer(file);
    const std::vector<RecordedRank> ranks = {{.rank = 0, .workers = 3}, {.rank = 1, .workers = 3}};
    Recorder recorder(writer, ranks, {}, start);
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      const std::int64_t now = steady_now();
      recorder.log(1)->streams[0].push({.begin = now, .end = now + 1});
      recorder.log(1)->workers[0].push({.begin = now, .end = now + 1});
    }
    statistics = recorder.finish();
    Progress progress;
    writer.finish(progress);
  }
  const TracePtr trace = open_moetrace(file);
  std::uint64_t spans = 0, records = 0, reduced = 0;
  for (const Loss& loss : trace->losses()) {
    if (loss.kind == LossKind::ReducedDetail) {  // rings so full are summed up first
      reduced += loss.count.value_or(0);
      continue;
    }
    ASSERT_TRUE(loss.kind == LossKind::DroppedSpans || loss.kind == LossKind::DroppedSmRecords);
    EXPECT_EQ(loss.process, ProcessId{1});
    ASSERT_TRUE(loss.track.has_value());
    EXPECT_EQ(trace->tracks()[*loss.track].name, "compute");
    EXPECT_GT(loss.when.end, loss.when.begin);
    EXPECT_LE(loss.when.end, steady_now() - start);
    (loss.kind == LossKind::DroppedSpans ? spans : records) += loss.count.value_or(0);
  }
  EXPECT_GT(spans, 0U);
  EXPECT_EQ(spans + records, statistics.dropped);
  std::uint64_t whole = 0;
  for (TrackId track = 0; track < trace->tracks().size(); ++track)
    if (trace->tracks()[track].name == "compute") whole += trace->span_count(track);
  EXPECT_EQ(whole + spans + trace->sm_records().size() + records + reduced, 2 * kRounds)
      << "every record is in the file or among the losses";
  EXPECT_LE(whole + spans, kRounds);
  EXPECT_EQ(trace->info().events, trace->span_count());
}

}  // namespace
}  // namespace moescope::runtime
