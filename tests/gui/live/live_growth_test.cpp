// A trace that grows while it is looked at: what the user did stays, what came is drawn.
#include "core/cluster/live_trace.h"
#include "tests/gui/timeline/timeline_fixture.h"
#include "views/workspace/follow_mode.h"

namespace moescope::test {
namespace {

constexpr TimeNs kSecond = 1'000'000'000;

/// One rank with one stream, one kernel of 400 us every millisecond.
class GrowingRank {
 public:
  GrowingRank() {
    const ProcessId process = builder_.add_process({.label = "rank 0", .pid = "0", .rank = 0});
    builder_.add_device({.process = process, .index = 0, .name = "Test GPU", .sm_count = 132});
    track = builder_.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"});
    quiet = builder_.add_track({process, TrackType::DeviceStream, 0, 8, "stream 8"});
  }

  TracePtr grow(int kernels) {
    SpanBatch batch;
    for (int i = 0; i < kernels; ++i) {
      Span span;
      span.start = next_;
      span.duration = 400'000;
      span.name = builder_.strings().intern("flash_attn_fwd");
      span.kind = SpanKind::Kernel;
      batch.columns.push_back(span);
      next_ += 1'000'000;
    }
    batch.columns.depth.clear();
    builder_.append(track, std::move(batch));
    return builder_.snapshot();
  }

  TrackId track = 0, quiet = 0;

 private:
  LiveTrace builder_{1'000'000};
  TimeNs next_ = 0;
};

class LiveGrowth : public testing::Test {
 protected:
  void SetUp() override {
    QObject::connect(&window.document, &TraceDocument::traceGrown, &window.selection,
                     [this] { window.selection.grow(window.document.trace()->range()); });
    window.open(rank.grow(2100));
  }
  void grow(int kernels) {
    window.document.growTrace(rank.grow(kernels));
    window.settle();
  }

  GrowingRank rank;
  TimelineWindow window;
  FollowMode follow{window.selection};
};

TEST_F(LiveGrowth, KeepsRangeSelectionAndNotes) {
  window.selection.setRange({kSecond, kSecond + 20'000'000});
  window.selection.selectSpan({rank.track, 1005});
  window.document.notes().add({.time = kSecond, .text = "here"});
  grow(3000);
  EXPECT_EQ(window.selection.range(), (TimeRange{kSecond, kSecond + 20'000'000}));
  EXPECT_EQ(window.selection.currentSpan(), (SpanRef{rank.track, 1005}));
  EXPECT_EQ(window.document.notes().rowCount(), 1);
  EXPECT_TRUE(window.document.analysis()) << "old figures stay until the new ones are there";
  EXPECT_GT(window.selection.full().end, 4 * kSecond);
}

TEST_F(LiveGrowth, DrawsWhatCame) {
  grow(1000);
  window.selection.setRange({2 * kSecond + 500'000'000, 2 * kSecond + 510'000'000});
  window.settle();
  const QColor lane = window.colorAt(2 * kSecond + 500'200'000, rank.track);
  const QColor ground = window.colorAt(2 * kSecond + 500'700'000, rank.track);
  EXPECT_NE(lane, ground);
}

TEST_F(LiveGrowth, DrawsWhatCameIntoTheVisibleRange) {
  grow(10);
  window.selection.setRange({2 * kSecond, 2 * kSecond + 10'000'000});
  window.settle();
  grow(500);
  window.selection.setRange({2 * kSecond, 2 * kSecond + 40'000'000});
  window.settle();
  const TimeRange before = window.selection.range();
  grow(500);
  EXPECT_EQ(window.selection.range(), before);
  EXPECT_NE(window.colorAt(2 * kSecond + 30'200'000, rank.track),
            window.colorAt(2 * kSecond + 30'700'000, rank.track));
}

TEST_F(LiveGrowth, OldTilesAndChunksAreReused) {
  SpanSource& source = window.scene().source();
  bool complete = false;
  constexpr int kShift = 17;  // a tile covers about half a second
  const auto before = source.tiles(rank.track, 0, {0, 2 * kSecond}, kShift, &complete);
  const auto chunks = source.chunks(rank.track, {0, 2 * kSecond}, &complete);
  ASSERT_GE(before.size(), 3U);
  ASSERT_FALSE(chunks.empty());
  grow(2000);
  const auto after = source.tiles(rank.track, 0, {0, 2 * kSecond}, kShift, &complete);
  EXPECT_TRUE(complete);
  EXPECT_EQ(after.front(), before.front());
  EXPECT_NE(after.back(), before.back()) << "the tile at the edge got more";
  EXPECT_EQ(source.chunks(rank.track, {0, 2 * kSecond}, &complete).front(), chunks.front());
}

TEST_F(LiveGrowth, ForgottenSpansTakeTheSelectionOfSpansAlong) {
  window.selection.setRange({kSecond, kSecond + 20'000'000});
  GrowingRank younger;
  const quint64 number = window.document.traceNumber();
  window.document.growTrace(younger.grow(2500), true);
  window.settle();
  EXPECT_NE(window.document.traceNumber(), number);
  EXPECT_EQ(window.selection.range(), (TimeRange{kSecond, kSecond + 20'000'000}));
}

TEST_F(LiveGrowth, FollowSlidesWithTheNewestTime) {
  follow.begin();
  grow(4000);
  EXPECT_EQ(window.selection.range().end, window.selection.full().end);
  EXPECT_EQ(window.selection.range().length(), FollowMode::kFirstWindow);
  EXPECT_EQ(follow.behind(), 0);
  EXPECT_FALSE(window.selection.canGoBack()) << "following is not a step of the history";
}

TEST_F(LiveGrowth, ZoomingPausesFollowingAndShowsHowFarItIsBehind) {
  follow.begin();
  grow(4000);
  window.wheel(window.canvas().rect().center(), {0, 2}, Qt::ControlModifier);
  EXPECT_FALSE(follow.following());
  EXPECT_FALSE(follow.action()->isChecked());
  const TimeRange paused = window.selection.range();
  grow(3000);
  EXPECT_EQ(window.selection.range(), paused);
  EXPECT_GT(follow.behind(), 3 * kSecond);
  EXPECT_THAT(follow.action()->text().toStdString(), testing::HasSubstr("behind"));
  follow.action()->trigger();
  EXPECT_EQ(window.selection.range().end, window.selection.full().end);
  EXPECT_EQ(window.selection.range().length(), paused.length()) << "keeps the zoom";
}

TEST_F(LiveGrowth, NothingToFollowAfterTheEnd) {
  follow.begin();
  EXPECT_TRUE(follow.action()->isEnabled());
  follow.end();
  EXPECT_FALSE(follow.action()->isEnabled());
  EXPECT_FALSE(follow.following());
  const TimeRange range = window.selection.range();
  grow(1000);
  EXPECT_EQ(window.selection.range(), range);
}

}  // namespace
}  // namespace moescope::test
