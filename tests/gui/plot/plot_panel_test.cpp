// The plot kit: where ticks stand, where values are drawn, in pixels and as vectors.
#include <gmock/gmock.h>

#include <QBuffer>
#include <QImage>
#include <QPainter>
#include <QSvgGenerator>
#include <cmath>

#include "views/plot/panel.h"
#include "views/plot/ticks.h"

namespace moescope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Side = PlotPanel::Side;

const Theme& theme() {
  return Theme::light();
}

ValueAxis values(double low, double high) {
  ValueAxis axis;
  axis.low = low;
  axis.high = high;
  axis.name = "Imbalance";
  return axis;
}

PlaceAxis places(int count) {
  return {-0.5, count - 0.5, count, "Layer", [](int p) { return QString::number(p); }};
}

TEST(PlotTicks, OfValuesAreRoundAndHaveTheDecimalsThatTheyNeed) {
  EXPECT_THAT(value_axis_ticks(values(0, 10), 120, 10).at, ElementsAre(0, 5, 10));
  EXPECT_THAT(value_axis_ticks(values(1, 1.3), 150, 10).labels,
              ElementsAre("1.0", "1.1", "1.2", "1.3"));
  EXPECT_THAT(value_axis_ticks(values(0, 20'000), 80, 10).labels,
              ElementsAre("0", "10,000", "20,000"));
}

TEST(PlotTicks, OfValuesMayBeGiven) {
  ValueAxis axis = values(1, 1000);
  axis.ticks = {1, 10, 100, 1000};
  axis.label = [](double v) { return QString("%1 us").arg(v); };
  EXPECT_THAT(value_axis_ticks(axis, 10, 10).labels,
              ElementsAre("1 us", "10 us", "100 us", "1000 us"));
}

TEST(PlotTicks, OfPlacesLeaveRoomForTheirLabelsAndFollowTheZoom) {
  EXPECT_THAT(place_axis_ticks(places(10), 1000, 20).at, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(place_axis_ticks(places(10), 100, 40).at, ElementsAre(0, 5));
  PlaceAxis zoomed = places(100);
  zoomed.first = 17.5;
  zoomed.last = 27.5;
  EXPECT_THAT(place_axis_ticks(zoomed, 100, 30).at, ElementsAre(20, 25));
}

TEST(PlotPanel, MapsValuesPlacesAndTimesToPixels) {
  PlotPanel panel({100, 50, 200, 100}, QFont(), theme());
  panel.setValues(Side::Left, values(0, 10));
  panel.setPlaces(Side::Bottom, places(4));
  EXPECT_DOUBLE_EQ(panel.y(0), 150);
  EXPECT_DOUBLE_EQ(panel.y(10), 50);
  EXPECT_DOUBLE_EQ(panel.x(0), 125) << "the middle of the first of four places";
  EXPECT_DOUBLE_EQ(panel.x(3.5), 300);
  // Times far from 0 keep their precision.
  constexpr TimeNs kFar = 1'800'000'000'000'000'000;
  PlotPanel timed({40, 0, 1000, 100}, QFont(), theme());
  const TimeAxis times({kFar, kFar + 1024}, timed.plot().toRect());
  timed.setTimesUnlabelled(times);
  EXPECT_NEAR(timed.x(static_cast<double>(kFar)), times.x(kFar), 1e-3);
  EXPECT_NEAR(timed.x(static_cast<double>(kFar + 512)), times.x(kFar + 512), 1e-3);
  EXPECT_NEAR(times.x(kFar + 512) - times.x(kFar), 500, 1e-3);
}

TEST(PlotPanel, MapsALogarithmicAxisAndRowsFromTheTop) {
  PlotPanel panel({0, 0, 100, 300}, QFont(), theme());
  ValueAxis axis = values(1, 1000);
  axis.logarithmic = true;
  panel.setValues(Side::Left, axis);
  EXPECT_NEAR(panel.y(10), 200, 1e-9);
  EXPECT_NEAR(panel.y(1000), 0, 1e-9);
  PlotPanel rows({0, 0, 100, 300}, QFont(), theme());
  rows.setPlaces(Side::Left, places(3));
  EXPECT_DOUBLE_EQ(rows.y(0), 50);
  EXPECT_DOUBLE_EQ(rows.y(2), 250);
}

QImage drawn(PlotPanel& panel) {
  QImage image(400, 220, QImage::Format_RGB32);
  image.fill(theme().background);
  QPainter painter(&image);
  panel.draw(painter);
  return image;
}

TEST(PlotPanel, DrawsBarsLinesAndAreasWhereTheyBelong) {
  PlotPanel panel({100, 20, 200, 100}, QFont(), theme());
  ValueAxis axis = values(0, 10);
  axis.grid = false;
  panel.setValues(Side::Left, axis);
  panel.setPlaces(Side::Bottom, places(4));
  panel.addBars({0, 1, 2}, {5, std::nan(""), 10}, 0.8, 0, Qt::red);
  panel.addLine({2.5, 3.5}, {2, 2}, QPen(Qt::blue, 3));
  const QImage image = drawn(panel);
  const auto at = [&](double x, double y) {
    return QColor(image.pixel(static_cast<int>(panel.x(x)), static_cast<int>(panel.y(y))));
  };
  EXPECT_EQ(at(0, 2), QColor(Qt::red));
  EXPECT_EQ(at(0, 7), theme().background) << "above the first bar";
  EXPECT_EQ(at(1, 2), theme().background) << "a bar without a value";
  EXPECT_EQ(at(2, 9), QColor(Qt::red));
  EXPECT_EQ(at(3, 2), QColor(Qt::blue));
  EXPECT_EQ(at(3, 6), theme().background);
}

TEST(PlotPanel, BarsReachFromTheBaseToTheirValue) {
  PlotPanel panel({100, 20, 200, 100}, QFont(), theme());
  ValueAxis axis = values(0, 10);
  axis.grid = false;
  panel.setValues(Side::Left, axis);
  panel.setPlaces(Side::Bottom, places(2));
  panel.addBars({0, 1}, {8, 2}, 0.8, 5, Qt::red);
  const QImage image = drawn(panel);
  const auto at = [&](double x, double y) {
    return QColor(image.pixel(static_cast<int>(panel.x(x)), static_cast<int>(panel.y(y))));
  };
  EXPECT_EQ(at(0, 6), QColor(Qt::red));
  EXPECT_EQ(at(0, 9), theme().background);
  EXPECT_EQ(at(0, 4), theme().background);
  EXPECT_EQ(at(1, 4), QColor(Qt::red)) << "below the base";
  EXPECT_EQ(at(1, 1), theme().background);
  EXPECT_EQ(at(1, 6), theme().background);
}

TEST(PlotPanel, DrawsStepsAsAFilledAreaUnderEachValue) {
  PlotPanel panel({100, 20, 200, 100}, QFont(), theme());
  panel.setTimesUnlabelled(TimeAxis({0, 100}, panel.plot().toRect()));
  ValueAxis axis = values(0, 10);
  axis.grid = false;
  panel.setValues(Side::Left, axis);
  panel.addSteps({0, 50, 100}, {8, 3}, Qt::darkGreen);
  const QImage image = drawn(panel);
  const auto at = [&](double x, double y) {
    return QColor(image.pixel(static_cast<int>(panel.x(x)), static_cast<int>(panel.y(y))));
  };
  EXPECT_EQ(at(25, 7), QColor(Qt::darkGreen));
  EXPECT_EQ(at(45, 7), QColor(Qt::darkGreen)) << "up to the next time";
  EXPECT_EQ(at(75, 7), theme().background);
  EXPECT_EQ(at(75, 1), QColor(Qt::darkGreen));
  EXPECT_EQ(at(98, 1), QColor(Qt::darkGreen)) << "the last value reaches to the end";
}

TEST(PlotPanel, BarsOfLessThanAPixelAreStillThere) {
  PlotPanel panel({50, 20, 100, 100}, QFont(), theme());
  panel.setValues(Side::Left, values(0, 10));
  panel.setPlaces(Side::Bottom, places(10'000));
  QVector<double> x, y;
  for (int i = 0; i < 10'000; ++i) {
    x.push_back(i);
    y.push_back(i == 5000 ? 10 : std::nan(""));
  }
  panel.addBars(x, y, 0.8, 0, Qt::red);
  const QImage image = drawn(panel);
  int red = 0;
  for (int i = 0; i < image.width(); ++i) red += QColor(image.pixel(i, 60)) == QColor(Qt::red);
  EXPECT_GE(red, 1);
}

TEST(PlotPanel, IsVectorsWithItsTextsInAnSvg) {
  QByteArray svg;
  QBuffer buffer(&svg);
  buffer.open(QIODevice::WriteOnly);
  QSvgGenerator generator;
  generator.setOutputDevice(&buffer);
  generator.setSize({400, 220});
  QPainter painter(&generator);
  PlotPanel panel({100, 20, 200, 100}, QFont(), theme());
  panel.setValues(Side::Left, values(0, 10));
  panel.setPlaces(Side::Bottom, places(4));
  panel.addLine({0, 1, 2}, {1, 5, 9}, QPen(Qt::blue, 2));
  panel.draw(painter);
  painter.end();
  const std::string text = svg.toStdString();
  EXPECT_THAT(text, HasSubstr("Imbalance"));
  EXPECT_THAT(text, HasSubstr("Layer"));
  EXPECT_THAT(text, HasSubstr("#0000ff"));
  EXPECT_THAT(text, testing::Not(HasSubstr("<image"))) << "no pixels in a vector file";
}

}  // namespace
}  // namespace moescope
