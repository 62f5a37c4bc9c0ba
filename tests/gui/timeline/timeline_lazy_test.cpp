// A timeline of a file: pieces are loaded when they are looked at, and nothing waits for them.
#include <gmock/gmock.h>

#include <QSignalSpy>
#include <filesystem>

#include "tests/gui/timeline/timeline_fixture.h"
#include "views/plot/chart.h"

namespace moescope {
namespace {

using testing::HasSubstr;

struct Lazy : testing::Test, test::TimelineWindow {};

TEST_F(Lazy, picturesOfAFileAndOfMemoryAreTheSame) {
  const TracePtr trace = test::make_ranks(3, 2000);
  open(trace);
  const QImage memory = picture();
  openFile(*trace);
  EXPECT_FALSE(document.trace()->in_memory());
  EXPECT_EQ(picture(), memory);
  selection.setRange({500'000, 530'000});
  settle();
  const QImage zoomed_file = picture();
  const TimeRange range = selection.range();
  open(trace);
  selection.setRange(range);
  settle();
  EXPECT_EQ(picture(), zoomed_file);
}

TEST_F(Lazy, aClickBeforeTheChunkIsLoadedSelectsOnceItIs) {
  openFile(*test::make_ranks(1, 20000));
  selection.selectSpan({2, 5});
  const SpanRef before = selection.currentSpan();
  click(at(10'000'700, 0));
  EXPECT_EQ(selection.currentSpan(), before) << "nothing is cleared before the answer is known";
  ASSERT_TRUE(test::wait_for([&] { return selection.currentSpan() != before; }));
  const Span span = document.trace()->span(selection.currentSpan());
  EXPECT_EQ(selection.currentSpan().track, 0U);
  EXPECT_NEAR(static_cast<double>(span.start), 10'000'700, 5 * scene().map().nsPerPixel() + 400);
}

TEST_F(Lazy, anAnswerThatComesAfterTheNextClickIsDropped) {
  openFile(*test::make_ranks(1, 20000));
  click(at(5'000'700, 0));
  click(at(15'000'700, 0));
  ASSERT_TRUE(test::wait_for([&] { return selection.currentSpan().valid(); }));
  QTest::qWait(50);
  EXPECT_GT(document.trace()->span(selection.currentSpan()).start, 14'000'000);
}

TEST_F(Lazy, aClickOnNothingClearsAfterLoading) {
  openFile(*test::make_ranks(1, 200));
  selection.setRange({0, 1000});
  selection.selectSpan({0, 5});
  click(at(950, 0));
  EXPECT_TRUE(test::wait_for([&] { return !selection.currentSpan().valid(); }));
}

TEST_F(Lazy, keysWorkOnSpansThatAreNotLoaded) {
  openFile(*test::make_ranks(1, 5000));
  selection.selectSpan({0, 4001});
  key(Qt::Key_F);
  ASSERT_TRUE(test::wait_for([&] { return selection.range().length() < 1000; }));
  EXPECT_LE(selection.range().begin, 2'000'500);
  key(Qt::Key_Period);
  EXPECT_TRUE(test::wait_for([&] { return selection.currentSpan() == SpanRef{0, 4002}; }));
}

TEST_F(Lazy, farFewerBytesThanTheTraceAreHeld) {
  const TracePtr trace = test::make_ranks(2, 60000);  // 600,000 spans, 18 MB as columns
  openFile(*trace);
  EXPECT_LT(scene().source().bytes(), std::size_t{1} << 20);
  selection.setRange({30'000'000, 30'010'000});
  settle();
  EXPECT_LT(scene().source().bytes(), std::size_t{5} << 20);
}

TEST_F(Lazy, theOldPictureIsStretchedUntilTheNewOneIsThere) {
  openFile(*test::make_ranks(1, 4000));
  const QColor background = Theme::of(view->palette()).background;
  selection.setRange({1'000'000, 1'400'000});
  canvas().replot(QCustomPlot::rpImmediateRefresh);  // before any worker answered
  const QImage image = canvas().grab().toImage();
  EXPECT_NE(image.pixelColor(at(1'200'000, 0)), background);
}

TEST_F(Lazy, framesThatFollowAtOnceDoNotLoseWhatWasAskedFor) {
  openFile(*test::make_ranks(3, 20000));
  selection.setRange({9'000'000, 12'000'000});
  for (int i = 0; i < 5; ++i) canvas().replot(QCustomPlot::rpImmediateRefresh);
  // No further frame is asked for: the arrivals alone must complete the picture.
  EXPECT_TRUE(test::wait_for([&] { return canvas().lanes().renderer().complete(); }));
}

TEST_F(Lazy, exportedPicturesWaitForWhatTheyShow) {
  const TracePtr trace = test::make_ranks(2, 3000);
  open(trace);
  const QImage whole = render_chart(*view, {900, 400}, Theme::light());
  openFile(*trace, false);
  const QImage at_once = render_chart(*view, {900, 400}, Theme::light());
  settle();
  EXPECT_EQ(at_once, render_chart(*view, {900, 400}, Theme::light()));
  // The titles differ: they name the files.
  EXPECT_EQ(at_once.copy(0, 30, 900, 370), whole.copy(0, 30, 900, 370));
}

TEST_F(Lazy, csvIsWorkForAnyThread) {
  openFile(*test::make_ranks(1, 100));
  const auto task = view->csvTask();
  document.setTrace(nullptr, {});
  QString csv;
  std::thread([&] { csv = task(); }).join();
  EXPECT_EQ(csv.count('\n'), 1 + 600 + 1);
}

TEST_F(Lazy, aFileDamagedLaterIsReportedOnceAndDoesNotHang) {
  const TracePtr trace = test::make_ranks(1, 30000);
  Progress progress;
  write_moetrace(*trace, folder / "trace.moetrace", progress);
  const TracePtr opened = open_moetrace(folder / "trace.moetrace");
  QSignalSpy failed(view.get(), &TimelineView::failed);
  std::filesystem::remove(folder / "trace.moetrace");
  document.setTrace(opened, {"gone.moetrace"});
  for (int i = 0; i < 5; ++i) {
    selection.setRange({i * 1'000'000, i * 1'000'000 + 5000});
    QTest::qWait(20);
  }
  EXPECT_LE(failed.count(), 1);
  EXPECT_FALSE(picture().isNull());
}

TEST_F(Lazy, theTraceMayChangeWhileItsPiecesLoad) {
  const TracePtr trace = test::make_ranks(2, 3000);
  for (int i = 0; i < 5; ++i) {
    openFile(*trace, false);
    click({400, 100});
    document.setTrace(nullptr, {});
    QCoreApplication::processEvents();
  }
  open(trace);
  EXPECT_TRUE(canvas().lanes().renderer().complete());
}

}  // namespace
}  // namespace moescope
