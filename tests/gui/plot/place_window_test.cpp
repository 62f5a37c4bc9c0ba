// Zoom and pan of numbered places, and the chart of series that has them.
#include "views/plot/axis/place_window.h"

#include <gtest/gtest.h>

#include <QTest>

#include "views/load/series_chart.h"

namespace moescope {
namespace {

TEST(PlaceWindow, StaysWithinThePlacesAndKeepsFour) {
  EXPECT_EQ((PlaceWindow{-3, 10}.within(20)), (PlaceWindow{0, 10}));
  EXPECT_EQ((PlaceWindow{15, 10}.within(20)), (PlaceWindow{10, 10}));
  EXPECT_EQ((PlaceWindow{5, 1}.within(20)), (PlaceWindow{5, 4}));
  EXPECT_EQ((PlaceWindow{0, 50}.within(20)), (PlaceWindow{0, 20}));
  EXPECT_EQ((PlaceWindow{0, 1}.within(2)), (PlaceWindow{0, 2})) << "fewer than four";
  EXPECT_EQ((PlaceWindow{1, 1}.within(0)), (PlaceWindow{0, 0}));
}

TEST(PlaceWindow, ZoomKeepsThePlaceUnderThePointer) {
  const PlaceWindow zoomed = PlaceWindow::whole(100).zoomed(0.5, 0.2, 100);
  EXPECT_EQ(zoomed, (PlaceWindow{10, 50}));
  EXPECT_DOUBLE_EQ(zoomed.first + 0.2 * zoomed.shown, 20);
  EXPECT_EQ(zoomed.zoomed(10, 0.5, 100), PlaceWindow::whole(100));
}

TEST(PlaceWindow, IsMovedSoFarThatAPlaceIsSeen) {
  const PlaceWindow window{10, 5};
  EXPECT_EQ(window.with(12, 100), window);
  EXPECT_EQ(window.with(3, 100), (PlaceWindow{3, 5}));
  EXPECT_EQ(window.with(20, 100), (PlaceWindow{16, 5}));
}

class ZoomedSeries : public testing::Test {
 protected:
  ZoomedSeries() {
    SeriesPicture picture = made(100);
    chart.resize(700, 300);
    chart.setPicture(std::make_shared<const SeriesPicture>(picture));
    chart.show();
    chart.grab();  // where the plot is is known once it is drawn
  }
  static SeriesPicture made(int places) {
    SeriesPicture picture;
    picture.title = "Imbalance";
    picture.x_name = "Window";
    picture.y_name = "max / mean";
    picture.places = places;
    picture.x_label = [](int place) { return QString::number(place); };
    picture.series.push_back({"now", ChartSeries::Style::Bars, ChartSeries::Role::Now, {}});
    picture.series.back().values.assign(static_cast<std::size_t>(places), 2);
    return picture;
  }
  void wheel(QPoint pos, int notches) {
    QWheelEvent event(pos, chart.mapToGlobal(pos), {}, QPoint(0, notches * 120), Qt::NoButton, {},
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&chart, &event);
    chart.grab();
  }
  SeriesChart chart;
  const QPoint middle{400, 150};
};

TEST_F(ZoomedSeries, WheelZoomsAtThePointerAndDoubleClickFits) {
  const int place = chart.placeAt(middle);
  wheel(middle, 4);
  EXPECT_LT(chart.window().shown, 50);
  EXPECT_EQ(chart.placeAt(middle), place);
  QTest::mouseDClick(&chart, Qt::LeftButton, {}, middle);
  EXPECT_EQ(chart.window(), PlaceWindow::whole(100));
  EXPECT_EQ(chart.selected(), -1) << "a double click selects nothing where it fits";
}

TEST_F(ZoomedSeries, ADragPansAndAClickSelects) {
  wheel(middle, 4);
  const double first = chart.window().first;
  QTest::mousePress(&chart, Qt::LeftButton, {}, middle);
  QMouseEvent move(QEvent::MouseMove, middle - QPoint(60, 0),
                   chart.mapToGlobal(middle - QPoint(60, 0)), Qt::NoButton, Qt::LeftButton, {});
  QApplication::sendEvent(&chart, &move);
  QTest::mouseRelease(&chart, Qt::LeftButton, {}, middle - QPoint(60, 0));
  EXPECT_GT(chart.window().first, first);
  EXPECT_EQ(chart.selected(), -1);
  QTest::mouseClick(&chart, Qt::LeftButton, {}, middle);
  EXPECT_EQ(chart.selected(), chart.placeAt(middle));
}

TEST_F(ZoomedSeries, KeysZoomAndArrowsBringThePlaceIntoView) {
  for (int i = 0; i < 5; ++i) QTest::keyClick(&chart, Qt::Key_Plus);
  const PlaceWindow zoomed = chart.window();
  EXPECT_LT(zoomed.shown, 50);
  QTest::keyClick(&chart, Qt::Key_D);
  EXPECT_GT(chart.window().first, zoomed.first);
  QTest::keyClick(&chart, Qt::Key_End);
  EXPECT_EQ(chart.selected(), 99);
  EXPECT_DOUBLE_EQ(chart.window().first + chart.window().shown, 100);
  QTest::keyClick(&chart, Qt::Key_F);
  EXPECT_EQ(chart.window(), PlaceWindow::whole(100));
}

TEST_F(ZoomedSeries, AZoomStaysWhilePlacesAreAdded) {
  wheel(middle, 4);
  const PlaceWindow zoomed = chart.window();
  chart.setPicture(std::make_shared<const SeriesPicture>(made(101)));
  EXPECT_EQ(chart.window(), zoomed);
  chart.setPicture(std::make_shared<const SeriesPicture>(made(8)));
  EXPECT_EQ(chart.window(), PlaceWindow::whole(8)) << "another picture";
}

}  // namespace
}  // namespace moescope
