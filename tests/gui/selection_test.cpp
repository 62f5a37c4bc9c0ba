// The shared range, its history and the selection.
#include "views/workspace/selection.h"

#include <gtest/gtest.h>

#include <QSignalSpy>

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

}  // namespace
}  // namespace moescope
