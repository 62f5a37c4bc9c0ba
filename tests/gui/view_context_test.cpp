// The shared range, its history and the selection.
#include "views/workspace/view_context.h"

#include <gtest/gtest.h>

#include <QSignalSpy>

namespace moescope {
namespace {

TEST(ViewContext, keepsTheRangeInsideTheExtent) {
  ViewContext context;
  context.reset({0, 1000});
  context.setRange({-500, 300});
  EXPECT_EQ(context.range(), (TimeRange{0, 800}));
  context.setRange({500, 501});
  EXPECT_EQ(context.range().length(), ViewContext::kMinRange);
}

TEST(ViewContext, goesBackAndForwardInTheHistory) {
  ViewContext context;
  context.reset({0, 1000});
  context.setRange({100, 400});
  ASSERT_TRUE(context.canGoBack());
  context.goBack();
  EXPECT_EQ(context.range(), (TimeRange{0, 1000}));
  EXPECT_FALSE(context.canGoBack());
  context.goForward();
  EXPECT_EQ(context.range(), (TimeRange{100, 400}));
}

TEST(ViewContext, escapeTakesTheAreaFirstAndThenTheSpans) {
  ViewContext context;
  context.reset({0, 1000});
  context.selectSpan({1, 2});
  context.selectSpan({1, 3}, true);
  context.setArea(AreaSelection{{10, 20}, {}});
  EXPECT_TRUE(context.clearSelection());
  EXPECT_FALSE(context.area());
  EXPECT_EQ(context.selectedSpans().size(), 2U);
  EXPECT_TRUE(context.clearSelection());
  EXPECT_FALSE(context.clearSelection());
}

TEST(ViewContext, anotherTraceForgetsWhatBelongedToTheOldOne) {
  ViewContext context;
  context.reset({0, 1000});
  context.selectSpan({0, 1});
  context.setProcessFilter(ProcessId{1});
  context.setRange({10, 100});
  QSignalSpy selection(&context, &ViewContext::selectionChanged);
  context.reset({0, 50000});
  EXPECT_EQ(selection.count(), 1);
  EXPECT_TRUE(context.selectedSpans().empty());
  EXPECT_FALSE(context.processFilter());
  EXPECT_FALSE(context.canGoBack());
}

}  // namespace
}  // namespace moescope
