// Charts over time put a time on the same pixel, and the line of the pointer stands there in all.
#include "views/plot/axis/time_axis.h"

#include <gmock/gmock.h>

#include <QApplication>
#include <set>

#include "tests/gui/chart_document.h"
#include "tests/gui/timeline/timeline_fixture.h"
#include "views/requests/requests_canvas.h"
#include "views/requests/requests_view.h"
#include "views/sm/sm_canvas.h"
#include "views/sm/sm_view.h"

namespace moescope {
namespace {

using testing::ElementsAre;

TEST(TimeAxis, IsEmptyWithoutAPlot) {
  EXPECT_TRUE(TimeAxis().empty());
  EXPECT_TRUE(TimeAxis({0, 100}, QRect(5, 5, 0, 10)).empty());
}

TEST(TimeAxis, TimesGoToPixelsAndBack) {
  const TimeAxis axis({0, 1000}, QRect(50, 0, 500, 10));
  EXPECT_DOUBLE_EQ(axis.x(0), 50);
  EXPECT_DOUBLE_EQ(axis.x(500), 300);
  EXPECT_EQ(axis.column(501), 300);
  EXPECT_EQ(axis.time(300), 500);
  EXPECT_EQ(axis.time(0), 0) << "beside the plot";
  EXPECT_EQ(axis.time(9000), 1000);
  EXPECT_EQ(axis.column(0), 50);
  EXPECT_EQ(axis.column(1000), 549) << "the end is in the last column";
}

TEST(TimeAxis, PlotsOfOneWidthHaveOneMapping) {
  for (const double ratio : {1.0, 1.5, 2.0}) {
    const TimeRange range{123'457, 1'999'983};
    const TimeAxis left(range, QRect(0, 0, 777, 10), ratio);
    const TimeAxis right(range, QRect(90, 40, 777, 300), ratio);
    for (TimeNs time = range.begin; time < range.end; time += 30'011)
      EXPECT_EQ(right.column(time) - left.column(time), 90) << time;
  }
}

/// Columns of the upper part of `plot` where two pictures of a widget differ.
std::set<int> changed_columns(const QImage& a, const QImage& b, const QRect& plot) {
  std::set<int> changed;
  const int bottom = plot.top() + plot.height() / 2;
  for (int y = plot.top(); y < bottom; ++y)
    for (int x = plot.left(); x <= plot.right(); ++x)
      if (a.pixel(x, y) != b.pixel(x, y)) changed.insert(x);
  return changed;
}

QImage grabbed(QWidget& widget) {
  QApplication::processEvents();
  return widget.grab().toImage().convertToFormat(QImage::Format_RGB32);
}

class Crosshair : public testing::Test {
 protected:
  Crosshair() {
    sm.resize(1000, 420);
    sm.setVisible(true);
    requests.resize(1000, 420);
    requests.setVisible(true);
    auto serving = std::make_shared<Serving>();
    ServedRequest request;
    request.ttft = 20;
    request.done = 900;
    serving->requests.push_back(request);
    requests.setServing(serving);
    QApplication::processEvents();
  }
  /// Where the line of the cursor is drawn in `canvas`: columns that differ from without.
  std::set<int> line(TimeCanvas& canvas, TimeNs time) {
    chart.selection.setCursor({});
    const QImage without = grabbed(canvas);
    chart.selection.setCursor(time);
    return changed_columns(without, grabbed(canvas), canvas.axis().plot());
  }

  test::ChartDocument chart;
  SmView sm{chart.document, chart.selection};
  RequestsView requests{chart.document, chart.selection};
};

TEST_F(Crosshair, IsOnePixelWideAtTheTimeInEveryChart) {
  auto& of_sm = *sm.findChild<SmCanvas*>("smCanvas");
  auto& of_requests = *requests.findChild<RequestsCanvas*>("requestsCanvas");
  for (const TimeRange range : {TimeRange{0, 1000}, TimeRange{137, 491}}) {
    chart.selection.setRange(range);
    for (const TimeNs time : {range.begin + 1, range.begin + 200, range.end - 1})
      for (TimeCanvas* canvas :
           {static_cast<TimeCanvas*>(&of_sm), static_cast<TimeCanvas*>(&of_requests)}) {
        const auto columns = line(*canvas, time);
        EXPECT_THAT(columns, ElementsAre(canvas->axis().column(time)));
        EXPECT_EQ(TimeAxis(range, canvas->axis().plot(), canvas->devicePixelRatioF()).column(time),
                  canvas->axis().column(time));
      }
  }
}

TEST_F(Crosshair, StandsAtTheEdgeThatTheBodyOfTheSmChartDraws) {
  chart.selection.setRange({100, 900});
  auto& canvas = *sm.findChild<SmCanvas*>("smCanvas");
  chart.selection.setCursor({});
  const QImage picture = grabbed(canvas);
  const QRect plot = canvas.axis().plot();
  // Experts hold SMs until 600 and then nobody above dispatch: their right edge is that time.
  const QColor expert = Theme::of(canvas.palette()).color(SpanClass::Expert);
  const int y = plot.bottom() - plot.height() / 2;
  int last = -1;
  for (int x = plot.left(); x <= plot.right(); ++x)
    if (picture.pixelColor(x, y) == expert) last = x;
  EXPECT_NEAR(last, canvas.axis().x(600), 1.5);
}

TEST_F(Crosshair, TheTimelineHasItAtTheColumnOfItsAxis) {
  test::TimelineWindow window;
  window.open(test::make_ranks(1, 10));
  window.selection.setRange({1234, 7777});
  window.settle();
  const QImage without = window.picture();
  window.selection.setCursor(4000);
  QApplication::processEvents();
  const QRect lanes = window.canvas().lanesRect();
  EXPECT_THAT(changed_columns(without, window.picture(), lanes),
              ElementsAre(window.scene().axis().column(4000)));
}

}  // namespace
}  // namespace moescope
