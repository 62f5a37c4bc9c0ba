// The shared range, its history and the selection.
#include "views/workspace/selection.h"

#include <gtest/gtest.h>

#include <QSignalSpy>
#include <QTest>

namespace moescope {
namespace {

TEST(Selection, keepsTheRangeInsideTheExtent) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({-500, 300});
  EXPECT_EQ(selection.range(), (TimeRange{0, 800}));
  selection.setRange({500, 501});
  EXPECT_EQ(selection.range().length(), Selection::kMinRange);
}

TEST(Selection, goesBackAndForwardInTheHistory) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({100, 400});
  ASSERT_TRUE(selection.canGoBack());
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{0, 1000}));
  EXPECT_FALSE(selection.canGoBack());
  selection.goForward();
  EXPECT_EQ(selection.range(), (TimeRange{100, 400}));
}

TEST(Selection, movesThatFollowEachOtherAreOneStepOfTheHistory) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({100, 400});
  selection.setRange({100, 300});
  selection.zoom(0.5, 200);
  selection.pan(0.1);
  EXPECT_EQ(selection.range(), (TimeRange{160, 260}));
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{0, 1000})) << "the four moves are one step";
  EXPECT_FALSE(selection.canGoBack());
  selection.goForward();
  EXPECT_EQ(selection.range(), (TimeRange{160, 260})) << "where they ended";
}

TEST(Selection, aMoveAfterAPauseIsAStepOfItsOwn) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({100, 400});
  QTest::qWait(1050);
  selection.setRange({200, 300});
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{100, 400}));
}

TEST(Selection, aMoveAfterGoingBackIsNeverMergedIntoWhatWasThere) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({100, 400});
  selection.goBack();
  selection.goForward();
  selection.setRange({200, 300});
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{100, 400}));
  selection.setRange({500, 600});
  EXPECT_FALSE(selection.canGoForward()) << "what was ahead is given up";
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{100, 400}));
}

TEST(Selection, followingARecordingMakesNoHistory) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setRange({100, 400});
  QSignalSpy history(&selection, &Selection::historyChanged);
  selection.slideTo({200, 500});
  selection.slideTo({300, 600});
  EXPECT_EQ(selection.range(), (TimeRange{300, 600}));
  EXPECT_EQ(history.count(), 0);
  selection.goBack();
  EXPECT_EQ(selection.range(), (TimeRange{0, 1000}));
  selection.goForward();
  EXPECT_EQ(selection.range(), (TimeRange{300, 600})) << "the step that was shown slid along";
}

TEST(Selection, theHistoryKeepsTheNewestTwoHundred) {
  Selection selection;
  selection.reset({0, 100'000});
  for (int i = 1; i <= 250; ++i) {
    selection.setRange({i * 100, i * 100 + 60});
    selection.goBack();  // so that the next move is none of the same step
    selection.goForward();
  }
  int steps = 0;
  for (; selection.canGoBack(); ++steps) selection.goBack();
  EXPECT_EQ(steps, 199);
  EXPECT_EQ(selection.range(), (TimeRange{5100, 5160}));
}

TEST(Selection, escapeTakesTheAreaFirstAndThenTheSpans) {
  Selection selection;
  selection.reset({0, 1000});
  selection.selectSpan({1, 2});
  selection.selectSpan({1, 3}, true);
  selection.setArea(AreaSelection{{10, 20}, {}});
  EXPECT_TRUE(selection.clearSelection());
  EXPECT_FALSE(selection.area());
  EXPECT_EQ(selection.selectedSpans().size(), 2U);
  EXPECT_TRUE(selection.clearSelection());
  EXPECT_FALSE(selection.clearSelection());
}

TEST(Selection, anotherTraceForgetsWhatBelongedToTheOldOne) {
  Selection selection;
  selection.reset({0, 1000});
  selection.selectSpan({0, 1});
  selection.setProcessFilter(ProcessId{1});
  selection.setRange({10, 100});
  QSignalSpy spy(&selection, &Selection::selectionChanged);
  selection.reset({0, 50000});
  EXPECT_EQ(spy.count(), 1);
  EXPECT_TRUE(selection.selectedSpans().empty());
  EXPECT_FALSE(selection.processFilter());
  EXPECT_FALSE(selection.canGoBack());
}

TEST(Selection, figuresAreOfAnAreaThatWasMarkedUntilItGoes) {
  Selection selection;
  selection.reset({0, 1000});
  selection.setScope(FigureScope::Visible);
  selection.setArea(AreaSelection{{100, 200}, {}});  // a view shows some evidence
  EXPECT_EQ(selection.scope(), FigureScope::Visible);
  const QSignalSpy spy(&selection, &Selection::scopeChanged);
  selection.markArea({{300, 400}, {}});
  EXPECT_EQ(selection.scope(), FigureScope::Selected);
  ASSERT_TRUE(selection.scopeArea());
  EXPECT_EQ(selection.scopeArea()->range, (TimeRange{300, 400}));
  selection.markArea({{300, 500}, {}});
  EXPECT_EQ(spy.count(), 2);
  selection.setArea({});
  EXPECT_EQ(selection.scope(), FigureScope::Visible) << "as before";
}

TEST(Selection, anAreaWithoutLengthIsNotMarked) {
  Selection selection;
  selection.reset({0, 1000});
  selection.markArea({{300, 300}, {}});
  EXPECT_FALSE(selection.area());
  EXPECT_EQ(selection.scope(), FigureScope::Trace) << "figures stay of what they were";
  selection.markArea({{300, 400}, {}});
  selection.markArea({{500, 500}, {}});
  EXPECT_FALSE(selection.area()) << "a new mark replaces the old one";
}

}  // namespace
}  // namespace moescope
