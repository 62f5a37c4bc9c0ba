// What a recording lost is seen on the timeline, in its tooltips, pictures and tables.
#include "views/timeline/loss_marks.h"

#include <gtest/gtest.h>

#include <QFile>
#include <set>

#include "tests/gui/timeline/timeline_fixture.h"
#include "views/plot/chart.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Two ranks; rank 1 lost spans of its communication stream in [2000, 3000), and nothing was
/// received of anybody in [6000, 7000).
TracePtr with_losses() {
  TraceBuilder builder;
  for (int rank = 0; rank < 2; ++rank) {
    const ProcessId p =
        builder.add_process({.label = "rank " + std::to_string(rank), .rank = rank});
    builder.add_device({.process = p, .index = 0, .name = "Test GPU", .sm_count = 132});
    for (const int stream : {7, 20}) {
      const TrackId track = builder.add_track({.process = p,
                                               .type = TrackType::DeviceStream,
                                               .device = 0,
                                               .id = stream,
                                               .name = "stream " + std::to_string(stream)});
      SpanBatch batch;
      for (TimeNs at = 0; at < 10'000; at += 1000) {
        Span span;
        span.start = at;
        span.duration = 100;
        span.name = builder.strings().intern("deep_ep::dispatch");
        span.kind = SpanKind::Kernel;
        batch.columns.push_back(span);
      }
      batch.columns.depth.clear();
      builder.append(track, std::move(batch));
    }
  }
  builder.add_loss(
      {LossKind::DroppedSpans, ProcessId{1}, TrackId{3}, {2000, 3000}, 42, "a ring was full"});
  builder.add_loss({LossKind::Disconnected, {}, {}, {6000, 7000}, {}, "the connection was lost"});
  return builder.snapshot();
}

TEST(LossMarks, TheTooltipSaysWhatIsMissingAndWhy) {
  test::TimelineWindow window;
  window.open(with_losses());
  const auto tip = [&](TimeNs time, TrackId track) {
    const TimelineRow* row = window.scene().rows().rowOf(track);
    return row == nullptr ? "no row"
                          : loss_tooltip(*window.scene().trace(), *row, time, 0).toStdString();
  };
  EXPECT_THAT(tip(2500, 3), HasSubstr("42 spans were dropped of rank 1"));
  EXPECT_THAT(tip(2500, 3), HasSubstr("a ring was full"));
  EXPECT_EQ(tip(2500, 2), "") << "another stream lost nothing";
  EXPECT_EQ(tip(2500, 1), "") << "another rank lost nothing";
  for (const TrackId track : {0U, 1U, 2U, 3U})
    EXPECT_THAT(tip(6500, track), HasSubstr("nothing was received"));
  EXPECT_EQ(tip(8500, 0), "");
}

TEST(LossMarks, LostTimesAreHatchedOnTheRowsThatTheyConcern) {
  test::TimelineWindow window;
  window.open(with_losses());
  const QImage picture = window.canvas().grab().toImage();
  const auto marked = [&](TimeNs begin, TimeNs end, TrackId track) {
    const QPoint from = window.at(begin, track), to = window.at(end, track);
    std::set<QRgb> colors;
    for (int x = from.x(); x <= to.x(); ++x)
      for (int y = from.y() - 3; y <= from.y() + 3; ++y) colors.insert(picture.pixel(x, y));
    return colors.size() > 1;
  };
  EXPECT_TRUE(marked(2300, 2700, 3));
  EXPECT_FALSE(marked(2300, 2700, 2));
  EXPECT_FALSE(marked(3300, 3700, 3));
  for (const TrackId track : {0U, 1U, 2U, 3U}) EXPECT_TRUE(marked(6300, 6700, track));
}

TEST(LossMarks, PicturesHaveThemWithALegendAndTablesEndWithThem) {
  test::TimelineWindow window;
  window.open(with_losses());
  const QString csv = window.view->csv();
  EXPECT_THAT(csv.toStdString(), HasSubstr("# lost: 42 spans were dropped of rank 1"));
  EXPECT_THAT(csv.toStdString(), HasSubstr("# lost: nothing was received"));
  const test::TempFolder folder;
  const QString svg = QString::fromStdString((folder / "a.svg").string());
  export_chart(*window.view, svg, {900, 400}, Theme::light());
  QFile file(svg);
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  const std::string text = file.readAll().toStdString();
  EXPECT_THAT(text, HasSubstr("lost: missing, fully or partly, from the recording"));
  window.open(test::make_ranks(2, 10));
  EXPECT_THAT(window.view->csv().toStdString(), Not(HasSubstr("# lost")));
}

TEST(LossMarks, AShortLossInALongTraceIsSeen) {
  const TracePtr trace = with_losses();
  EXPECT_TRUE(has_losses(*trace, {2999, 3001}));
  EXPECT_FALSE(has_losses(*trace, {3500, 5999}));
}

}  // namespace
}  // namespace moescope
