// A window too narrow for side columns: they lie over the timeline, which keeps its room.
#include <gmock/gmock.h>

#include <QSettings>
#include <QTest>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::wait_for;

class NarrowWindow : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    start();
    window->resize(1280, 800);
    open();
  }
  void start() {
    WindowServices services;
    services.files.open = [](const std::vector<std::filesystem::path>&, OtherRuns,
                             Progress&) -> TracePtr {
      return test::make_trace({{"gemm", 0, 200, 7, SpanKind::Kernel, 5},
                               {"deep_ep::dispatch", 300, 400, 7, SpanKind::Kernel, 6}});
    };
    services.files.analyze = [](const Trace& trace, const RuleSet& rules, Progress& progress) {
      return analyze_document(trace, rules, progress);
    };
    window = std::make_unique<MainWindow>(services);
    window->show();
  }
  void open() {
    window->openFiles({"made.json"});
    ASSERT_TRUE(wait_for([&] { return window->document().analysis() != nullptr; }));
    QTest::qWait(200);  // until widths may be changed
  }
  QDockWidget& dock(const char* id) const { return *window->layouts().dock(id); }
  bool visible(const char* id) const { return dock(id).isVisible(); }

  std::unique_ptr<MainWindow> window;
};

TEST_F(NarrowWindow, theTimelineHasTheWholeWidthAndMostOfTheHeight) {
  EXPECT_TRUE(window->layouts().narrow());
  EXPECT_EQ(dock("timeline").width(), 1280);
  EXPECT_GT(dock("timeline").height(), dock("sm").height());
  for (const char* id : {"tree", "legend", "details", "statistics"})
    EXPECT_FALSE(visible(id)) << id;
}

TEST_F(NarrowWindow, theInspectorLiesOverTheTimelineWhileASpanIsSelected) {
  const QRect before = dock("timeline").geometry();
  window->selection().selectSpan({0, 1});
  ASSERT_TRUE(wait_for([&] { return visible("details"); }));
  QTest::qWait(30);
  EXPECT_EQ(dock("timeline").geometry(), before) << "nothing moves under the pointer";
  const QRect over = dock("details").geometry();
  EXPECT_EQ(over.right(), before.right());
  EXPECT_TRUE(before.contains(over));
  EXPECT_LT(over.width(), before.width() / 2);
  EXPECT_FALSE(dock("details").visibleRegion().isEmpty());
  window->selection().clearSelection();
  EXPECT_TRUE(wait_for([&] { return !visible("details"); }));
}

TEST_F(NarrowWindow, anInspectorThatWasClosedStaysClosedUntilTheSelectionIsCleared) {
  window->selection().selectSpan({0, 0});
  ASSERT_TRUE(wait_for([&] { return visible("details"); }));
  dock("details").close();
  window->selection().selectSpan({0, 1});
  QTest::qWait(50);
  EXPECT_FALSE(visible("details"));
  window->selection().clearSelection();
  window->selection().selectSpan({0, 1});
  EXPECT_TRUE(wait_for([&] { return visible("details"); }));
}

TEST_F(NarrowWindow, sideViewsComeWhenTheyAreAskedFor) {
  const QRect timeline = dock("timeline").geometry();
  window->layouts().reveal("tree");
  window->layouts().reveal("statistics");
  window->layouts().reveal("details");
  QTest::qWait(50);
  EXPECT_EQ(dock("tree").geometry().left(), timeline.left());
  EXPECT_EQ(dock("statistics").geometry().right(), timeline.right());
  EXPECT_FALSE(dock("statistics").geometry().intersects(dock("details").geometry()));
  EXPECT_EQ(dock("timeline").geometry(), timeline);
  dock("tree").toggleViewAction()->trigger();
  EXPECT_FALSE(visible("tree"));
}

TEST_F(NarrowWindow, aWiderWindowHasItsColumnsAgain) {
  window->resize(1700, 900);
  ASSERT_TRUE(wait_for([&] { return visible("details"); }));
  EXPECT_FALSE(window->layouts().narrow());
  EXPECT_TRUE(wait_for([&] { return dock("timeline").width() < 1200; }));
  for (const char* id : {"tree", "legend", "details", "statistics"}) EXPECT_TRUE(visible(id)) << id;
  EXPECT_EQ(window->dockWidgetArea(&dock("details")), Qt::RightDockWidgetArea);
  dock("legend").hide();
  window->resize(1280, 800);
  ASSERT_TRUE(wait_for([&] { return dock("timeline").width() == 1280; }));
  window->resize(1700, 900);
  ASSERT_TRUE(wait_for([&] { return visible("details"); }));
  EXPECT_FALSE(visible("legend")) << "what the user hid stays hidden";
}

TEST_F(NarrowWindow, whatIsSavedNarrowHasItsColumnsWhenItIsOpenedWide) {
  window->close();
  start();
  window->resize(1700, 900);
  open();
  for (const char* id : {"tree", "legend", "details", "statistics"}) EXPECT_TRUE(visible(id)) << id;
}

TEST_F(NarrowWindow, theViewsBelowTheTimelineGoAndComeTogether) {
  QAction* drawer = window->actionRegistry().find("layout.drawer");
  window->layouts().reveal("steps");
  QTest::qWait(50);
  drawer->trigger();
  EXPECT_FALSE(visible("steps"));
  EXPECT_FALSE(visible("sm"));
  EXPECT_TRUE(wait_for([&] { return dock("timeline").height() > 550; }))
      << dock("timeline").height();
  drawer->trigger();
  EXPECT_TRUE(wait_for([&] { return !dock("steps").visibleRegion().isEmpty(); }))
      << "in front again";
}

}  // namespace
}  // namespace moescope
