// The list of steps, going to one, and its critical path.
#include "views/steps/steps_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"
#include "views/common/theme.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

using test::MadeSpan;
using test::make_trace;
using test::wait_for;

/// Steps 3 to 7 of 100 ns each, step 5 of 180.
TracePtr five_steps() {
  std::vector<MadeSpan> spans;
  TimeNs t = 0;
  for (std::uint32_t number = 3; number < 8; ++number) {
    const TimeNs length = number == 5 ? 180 : 100;
    spans.push_back({"ProfilerStep#" + std::to_string(number), t, 50, 1, SpanKind::Annotation});
    spans.push_back({"cudaLaunchKernel", t + 1, 2, 1, SpanKind::Runtime, number});
    spans.push_back({"gemm", t, length, 7, SpanKind::Kernel, number});
    t += 200;
  }
  return make_trace(spans);
}

struct StepsTest : testing::Test {
  StepsTest() : view(workspace.trace(), workspace.selection()) { view.show(); }
  void open(const TracePtr& trace) {
    workspace.trace().setTrace(trace, {"a.json"});
    workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
    ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  }
  Workspace workspace;
  StepsView view;
};

TEST_F(StepsTest, ListsStepsWithTheirOutliers) {
  open(five_steps());
  ASSERT_EQ(view.model().rowCount(), 5);
  EXPECT_EQ(view.model().index(2, StepsModel::Number).data().toString(), "5");
  EXPECT_EQ(view.model().index(2, StepsModel::Time).data().toString(), "180 ns");
  EXPECT_EQ(view.model().index(2, StepsModel::Over).data().toString(), "+80.0 %");
  EXPECT_TRUE(view.model().index(2, StepsModel::Time).data(Qt::ForegroundRole).isValid());
  EXPECT_FALSE(view.model().index(1, StepsModel::Time).data(Qt::ForegroundRole).isValid());
}

TEST_F(StepsTest, GoesToAStepByNumberAndShowsItsPath) {
  open(five_steps());
  EXPECT_FALSE(view.goTo(99));
  ASSERT_TRUE(view.goTo(5));
  EXPECT_EQ(workspace.selection().range(), (TimeRange{400, 580}));
  EXPECT_EQ(workspace.selection().place().step, 5);
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  ASSERT_GE(view.path().topLevelItemCount(), 2);
  EXPECT_EQ(view.path().topLevelItem(0)->child(0)->text(2), "100.0 %");
}

TEST_F(StepsTest, AStepChosenElsewhereIsSelected) {
  open(five_steps());
  ModelPlace place;
  place.step = 6;
  workspace.selection().setPlace(place);
  const auto rows = view.table()->selectionModel()->selectedRows();
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows.front().data().toString(), "6");
}

TEST_F(StepsTest, AStepIsComparedWithTheMedianOrTheOneBefore) {
  open(five_steps());
  std::vector<ComparedSteps> wanted;
  QObject::connect(&view, &StepsView::compareWanted,
                   [&](const ComparedSteps& steps) { wanted.push_back(steps); });
  auto* median = view.findChild<QAction*>("steps.compare_median");
  auto* previous = view.findChild<QAction*>("steps.compare_previous");
  EXPECT_FALSE(median->isEnabled()) << "no step is chosen";
  view.goTo(5);
  ASSERT_TRUE(median->isEnabled());
  median->trigger();
  previous->trigger();
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0].b, 2U);
  EXPECT_NE(wanted[0].a, 2U) << "another step";
  EXPECT_EQ(wanted[1], (ComparedSteps{1, 2}));
  view.goTo(3);
  previous->trigger();
  EXPECT_EQ(wanted.size(), 2U) << "there is none before the first";
}

TEST_F(StepsTest, TheChosenStepStaysWhileTheTraceGrows) {
  open(five_steps());
  view.goTo(5);
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  const int pieces = view.path().topLevelItemCount();
  const auto grown = five_steps();
  workspace.trace().growTrace(grown);
  workspace.trace().setAnalysis(analyze_document(*grown, RuleSet::built_in()));
  int resets = 0;
  QObject::connect(&view.model(), &QAbstractItemModel::modelReset, [&] { ++resets; });
  ASSERT_TRUE(wait_for([&] { return resets > 0; }));
  const auto rows = view.table()->selectionModel()->selectedRows();
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows.front().data().toString(), "5");
  EXPECT_EQ(view.path().topLevelItemCount(), pieces) << "its path stays";
}

TEST_F(StepsTest, SwatchesOfThePathFollowTheTheme) {
  open(five_steps());
  view.goTo(5);
  ASSERT_TRUE(wait_for([&] { return !view.busy() && view.path().topLevelItemCount() > 1; }));
  const auto middle = [&] {
    return view.path().topLevelItem(0)->child(0)->icon(0).pixmap(12, 12).toImage().pixelColor(6, 6);
  };
  EXPECT_EQ(middle(), Theme::light().color(SpanClass::Dense));
  QPalette dark = view.palette();
  dark.setColor(QPalette::Window, Qt::black);
  dark.setColor(QPalette::Base, Qt::black);
  view.setPalette(dark);
  EXPECT_EQ(middle(), Theme::dark_theme().color(SpanClass::Dense));
}

TEST_F(StepsTest, WithoutStepsSaysWhy) {
  open(make_trace({{"a", 0, 5, 7, SpanKind::Kernel}}));
  EXPECT_EQ(view.model().rowCount(), 0);
  EXPECT_THAT(view.findChild<QLabel*>()->text().toStdString(),
              testing::HasSubstr("No steps were found"));
}

TEST(StepsModel, KeepsTheRulesOfModels) {
  StepsModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  auto steps = std::make_shared<TraceSteps>();
  steps->steps.push_back({7, "decode", {0, 10}, {}});
  model.setSteps(steps);
  EXPECT_EQ(model.rowCount(), 1);
  EXPECT_EQ(model.rowOf(7), 0);
  EXPECT_EQ(model.rowOf(8), -1);
  model.setSteps(nullptr);
  EXPECT_EQ(model.rowCount(), 0);
}

}  // namespace
}  // namespace moescope
