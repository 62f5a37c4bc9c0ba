// Losses in the words and figures of analyses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/overlap/losses.h"
#include "core/import/merge.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TimeNs kMs = 1'000'000;

/// Two ranks with a stream each and a span at the beginning and the end of 100 ms.
class LossFigures : public testing::Test {
 protected:
  void SetUp() override {
    for (int rank = 0; rank < 2; ++rank) {
      const ProcessId p =
          builder.add_process({.label = "rank " + std::to_string(rank), .rank = rank});
      const TrackId track = builder.add_track({.process = p,
                                               .type = TrackType::DeviceStream,
                                               .device = 0,
                                               .id = 7,
                                               .name = "stream 7"});
      SpanBatch batch;
      for (const TimeNs at : {TimeNs{0}, 99 * kMs}) {
        Span span;
        span.start = at;
        span.duration = kMs;
        batch.columns.push_back(span);
      }
      batch.columns.depth.clear();
      builder.append(track, std::move(batch));
    }
  }
  void drop(ProcessId process, TimeNs begin, TimeNs end, std::uint64_t count) {
    builder.add_loss({LossKind::DroppedSpans, process, process, {begin, end}, count, "full"});
  }

  TraceBuilder builder;
};

TEST_F(LossFigures, OnlyThoseOfTheWindowAndTheProcessCount) {
  drop(0, 10 * kMs, 20 * kMs, 5);
  drop(1, 15 * kMs, 30 * kMs, 7);
  builder.add_loss({LossKind::Disconnected, {}, {}, {60 * kMs, 70 * kMs}, {}, "gone"});
  const TracePtr trace = builder.snapshot();
  EXPECT_THAT(losses_in(*trace, {}), SizeIs(3));
  EXPECT_THAT(losses_in(*trace, {}, ProcessId{0}), SizeIs(2)) << "a lost connection concerns all";
  EXPECT_THAT(losses_in(*trace, TimeRange{21 * kMs, 50 * kMs}), SizeIs(1));
  EXPECT_THAT(losses_in(*trace, TimeRange{31 * kMs, 50 * kMs}), IsEmpty());
}

TEST_F(LossFigures, TimeThatIsLostTwiceCountsOnce) {
  drop(0, 10 * kMs, 20 * kMs, 5);
  drop(1, 15 * kMs, 30 * kMs, 7);
  const TracePtr trace = builder.snapshot();
  const auto all = losses_in(*trace, {});
  EXPECT_EQ(lost_time(all, {}), 20 * kMs);
  EXPECT_EQ(lost_time(all, TimeRange{12 * kMs, 18 * kMs}), 6 * kMs);
  EXPECT_EQ(lost_time({}, {}), 0);
}

TEST_F(LossFigures, ASummaryNamesWhatWhoseWhenAndWhy) {
  drop(0, 10 * kMs, 20 * kMs, 5);
  const TracePtr one = builder.snapshot();
  EXPECT_EQ(describe(summarise(one->losses()).at(0), *one),
            "5 spans were dropped of rank 0 between 10.000 and 20.000 ms: full");
  EXPECT_EQ(describe(one->losses()[0], *one),
            "5 spans were dropped of rank 0 > GPU 0 > stream 7 between 10.000 and 20.000 ms: full");
  drop(1, 80 * kMs, 90 * kMs, 7);
  builder.add_loss({LossKind::Disconnected, {}, {}, {60 * kMs, 70 * kMs}, {}, "gone"});
  const TracePtr more = builder.snapshot();
  const auto lost = summarise(more->losses());
  ASSERT_THAT(lost, SizeIs(2));
  EXPECT_EQ(describe(lost[0], *more), "nothing was received between 60.000 and 70.000 ms: gone");
  EXPECT_EQ(describe(lost[1], *more),
            "12 spans were dropped of 2 processes between 10.000 and 90.000 ms, in 20.000 ms of "
            "them: full");
}

TEST_F(LossFigures, AMergeKeepsThemAtTheirPlaces) {
  drop(1, 10 * kMs, 20 * kMs, 5);
  const TracePtr part = builder.snapshot();
  const TracePtr merged = merge_traces({{part, 0}, {part, 1000 * kMs}}, {}, {}, no_progress());
  ASSERT_THAT(merged->losses(), SizeIs(2));
  EXPECT_EQ(merged->losses()[1].when, (TimeRange{1010 * kMs, 1020 * kMs}));
  EXPECT_EQ(merged->losses()[1].process, ProcessId{3});
  EXPECT_EQ(merged->losses()[1].track, TrackId{3});
}

}  // namespace
}  // namespace moescope
