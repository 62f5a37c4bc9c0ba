// The gestures of every chart over time, on the SM chart and the requests.
#include "views/plot/time_gestures.h"

#include <gtest/gtest.h>

#include <QTest>

#include "tests/gui/chart_document.h"
#include "views/requests/requests_canvas.h"
#include "views/requests/requests_view.h"
#include "views/sm/sm_canvas.h"
#include "views/sm/sm_view.h"

namespace moescope {
namespace {

/// Both charts over 0 .. 1000 ns; GetParam() names the one that is used.
class TimeGesturesOf : public testing::TestWithParam<const char*> {
 protected:
  TimeGesturesOf() {
    auto serving = std::make_shared<Serving>();
    ServedRequest request;
    request.ttft = 20;
    request.done = 900;
    serving->requests.push_back(request);
    requests.setServing(serving);
    for (QWidget* view : {static_cast<QWidget*>(&sm), static_cast<QWidget*>(&requests)}) {
      view->resize(1000, 420);
      view->show();
    }
    QApplication::processEvents();
    auto* found = sm.findChild<TimeCanvas*>(GetParam());
    canvas = found != nullptr ? found : requests.findChild<TimeCanvas*>(GetParam());
    canvas->grab();  // its axis is known once it is drawn
  }
  QPoint at(TimeNs time) const {
    return {static_cast<int>(canvas->axis().x(time) + 0.5), canvas->axis().plot().center().y()};
  }
  QPoint onAxis(TimeNs time) const { return {at(time).x(), canvas->axis().plot().bottom() + 10}; }
  void moveTo(QPoint pos, Qt::MouseButtons buttons = {}) {
    QMouseEvent event(QEvent::MouseMove, pos, canvas->mapToGlobal(pos), Qt::NoButton, buttons, {});
    QApplication::sendEvent(canvas, &event);
  }
  void drag(QPoint from, QPoint to, Qt::KeyboardModifiers modifiers = {},
            Qt::MouseButton button = Qt::LeftButton) {
    QTest::mousePress(canvas, button, modifiers, from);
    moveTo((from + to) / 2, button);
    moveTo(to, button);
    QTest::mouseRelease(canvas, button, modifiers, to);
    canvas->grab();
  }
  void wheel(QPoint pos, QPoint notches, Qt::KeyboardModifiers modifiers = {}) {
    QWheelEvent event(pos, canvas->mapToGlobal(pos), {}, notches * 120, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(canvas, &event);
    canvas->grab();
  }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QTest::keyClick(canvas, key, modifiers);
    canvas->grab();
  }
  TimeRange range() const { return chart.selection.range(); }

  test::ChartDocument chart;
  SmView sm{chart.document, chart.selection};
  RequestsView requests{chart.document, chart.selection};
  TimeCanvas* canvas = nullptr;
};

TEST_P(TimeGesturesOf, DragMarksARangeAndAClickTakesItAway) {
  drag(at(200), at(600));
  ASSERT_TRUE(chart.selection.area().has_value());
  EXPECT_NEAR(static_cast<double>(chart.selection.area()->range.begin), 200, 3);
  EXPECT_NEAR(static_cast<double>(chart.selection.area()->range.end), 600, 3);
  EXPECT_TRUE(chart.selection.area()->tracks.empty()) << "of all rows";
  EXPECT_EQ(range(), chart.selection.full());
  QTest::mouseClick(canvas, Qt::LeftButton, {}, at(300));
  EXPECT_FALSE(chart.selection.area().has_value());
}

TEST_P(TimeGesturesOf, ShiftDragAndMiddleDragPan) {
  chart.selection.setRange({300, 700});
  canvas->grab();
  drag(at(500), at(400), Qt::ShiftModifier);
  EXPECT_NEAR(static_cast<double>(range().begin), 400, 2);
  drag(at(500), at(600), {}, Qt::MiddleButton);
  EXPECT_NEAR(static_cast<double>(range().begin), 300, 2);
  EXPECT_EQ(range().length(), 400);
  EXPECT_FALSE(chart.selection.area().has_value());
}

TEST_P(TimeGesturesOf, ControlDragAndADragOnTheAxisZoom) {
  drag(at(200), at(600), Qt::ControlModifier);
  EXPECT_NEAR(static_cast<double>(range().begin), 200, 3);
  EXPECT_NEAR(static_cast<double>(range().end), 600, 3);
  drag(onAxis(300), onAxis(500));
  EXPECT_NEAR(static_cast<double>(range().begin), 300, 3);
  EXPECT_NEAR(static_cast<double>(range().end), 500, 3);
  EXPECT_FALSE(chart.selection.area().has_value());
}

TEST_P(TimeGesturesOf, WheelZoomsAtThePointerAndShiftWheelPans) {
  const QPoint pos = at(300);
  for (const auto modifier : {Qt::NoModifier, Qt::ControlModifier}) {
    wheel(pos, {0, 1}, modifier);
    EXPECT_NEAR(canvas->axis().x(300), pos.x(), 1.5);
  }
  EXPECT_NEAR(static_cast<double>(range().length()), 640, 2);
  const TimeRange before = range();
  wheel(pos, {0, -1}, Qt::ShiftModifier);
  EXPECT_EQ(range().begin, before.begin + 64);
  wheel(pos, {1, 0});
  EXPECT_EQ(range(), before);
}

TEST_P(TimeGesturesOf, DoubleClickShowsEverything) {
  chart.selection.setRange({300, 700});
  canvas->grab();
  QTest::mouseDClick(canvas, Qt::LeftButton, {}, at(500));
  EXPECT_EQ(range(), chart.selection.full());
}

TEST_P(TimeGesturesOf, KeysZoomPanAndGoToTheEnds) {
  key(Qt::Key_W);
  EXPECT_EQ(range(), (TimeRange{200, 800})) << "in the middle: the pointer is elsewhere";
  key(Qt::Key_D);
  EXPECT_EQ(range(), (TimeRange{320, 920}));
  key(Qt::Key_A);
  EXPECT_EQ(range(), (TimeRange{200, 800}));
  key(Qt::Key_End);
  EXPECT_EQ(range(), (TimeRange{400, 1000}));
  key(Qt::Key_Home);
  EXPECT_EQ(range(), (TimeRange{0, 600}));
  key(Qt::Key_S);
  EXPECT_EQ(range(), chart.selection.full());
  key(Qt::Key_Plus, Qt::ShiftModifier);
  EXPECT_LT(range().length(), 1000);
  key(Qt::Key_Minus);
  EXPECT_EQ(range(), chart.selection.full());
  chart.selection.setArea(AreaSelection{{100, 300}, {}});
  key(Qt::Key_F);
  EXPECT_EQ(range(), (TimeRange{100, 300}));
}

TEST_P(TimeGesturesOf, EscapeEndsADragWithoutEffect) {
  chart.selection.setRange({300, 700});
  canvas->grab();
  QTest::mousePress(canvas, Qt::LeftButton, Qt::ShiftModifier, at(500));
  moveTo(at(450), Qt::LeftButton);
  EXPECT_NE(range(), (TimeRange{300, 700}));
  key(Qt::Key_Escape);
  EXPECT_EQ(range(), (TimeRange{300, 700}));
  QTest::mouseRelease(canvas, Qt::LeftButton, {}, at(450));
  EXPECT_FALSE(chart.selection.area().has_value());
}

TEST_P(TimeGesturesOf, ThePointerTellsTheOtherCharts) {
  moveTo(at(450));
  EXPECT_NEAR(static_cast<double>(chart.selection.cursor().value_or(0)), 450, 2);
  moveTo({2, canvas->axis().plot().center().y()});
  EXPECT_FALSE(chart.selection.cursor().has_value()) << "on the labels of the values";
  moveTo(at(450));
  QEvent leave(QEvent::Leave);
  QApplication::sendEvent(canvas, &leave);
  EXPECT_FALSE(chart.selection.cursor().has_value());
}

INSTANTIATE_TEST_SUITE_P(Charts, TimeGesturesOf, testing::Values("smCanvas", "requestsCanvas"),
                         [](const auto& chart) { return std::string(chart.param); });

TEST(TimeGesturesWithoutData, DoNothing) {
  TraceDocument document;
  Selection selection;
  selection.reset({0, 1000});
  SmView view(document, selection);
  auto* canvas = view.findChild<SmCanvas*>("smCanvas");
  canvas->grab();
  EXPECT_TRUE(canvas->axis().empty());
  QTest::mousePress(canvas, Qt::LeftButton, {}, {50, 50});
  QTest::mouseRelease(canvas, Qt::LeftButton, {}, {150, 50});
  QTest::keyClick(canvas, Qt::Key_W);
  EXPECT_EQ(selection.range(), selection.full());
  EXPECT_FALSE(selection.area().has_value());
}

}  // namespace
}  // namespace moescope
