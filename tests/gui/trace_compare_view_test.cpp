// The open trace held against another one.
#include "views/compare/trace_compare_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::make_trace;
using test::wait_for;
using testing::HasSubstr;

TracePtr gemm_of(TimeNs length) {
  return make_trace(
      {{"gemm", 0, length, 7, SpanKind::Kernel}, {"softmax", length, 10, 7, SpanKind::Kernel}});
}

struct TraceCompareTest : testing::Test {
  TraceCompareTest() : view(workspace) {
    const auto trace = gemm_of(200);
    workspace.trace().setTrace(trace, {"after.json"});
    workspace.trace().setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  void hold_against(const TracePtr& trace) {
    workspace.compare().setBefore(trace, {"before.json"});
    ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  }
  Workspace workspace;
  TraceCompareView view;
};

TEST_F(TraceCompareTest, SaysWhatDiffersAndWhy) {
  EXPECT_THAT(view.title().toStdString(), HasSubstr("Nothing is compared"));
  hold_against(gemm_of(100));
  EXPECT_THAT(view.title().toStdString(),
              AllOf(HasSubstr("<b>A</b> before.json"), HasSubstr("<b>B</b> after.json")));
  EXPECT_THAT(view.causes().toStdString(),
              HasSubstr("gemm is slower: 100 ns -> 200 ns (+100.0 %)"));
  EXPECT_THAT(view.csv().toStdString(),
              HasSubstr("kernel,gemm,total_ns,100,200,100,100,,1,slower"));
  EXPECT_THAT(view.csv().toStdString(), testing::Not(HasSubstr("kernel,softmax")));
}

TEST_F(TraceCompareTest, RowsAreFilteredByScopeAndSignificance) {
  hold_against(gemm_of(100));
  view.scopeChoice()->setCurrentIndex(view.scopeChoice()->findData("kernel"));
  EXPECT_THAT(view.csv().toStdString(), testing::Not(HasSubstr("trace,")));
  view.findChild<QCheckBox*>()->setChecked(false);
  EXPECT_THAT(view.csv().toStdString(), HasSubstr("kernel,softmax,total_ns,10,10,0,0,,0,same"));
}

TEST_F(TraceCompareTest, SwappedItIsTheOtherWayRound) {
  hold_against(gemm_of(100));
  view.findChild<QToolButton*>()->click();
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_THAT(view.causes().toStdString(), HasSubstr("gemm is faster"));
}

TEST_F(TraceCompareTest, AnotherAlignmentAnalysesNothingAgain) {
  hold_against(gemm_of(100));
  const KeptSides sides = view.sides();
  ASSERT_TRUE(sides.open && sides.other);
  EXPECT_EQ(sides.open->analysis, workspace.trace().analysis()) << "that of the window is used";
  view.findChild<QComboBox*>()->setCurrentIndex(3);  // totals only
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_EQ(view.sides().open, sides.open);
  EXPECT_EQ(view.sides().other, sides.other);
  hold_against(gemm_of(50));
  EXPECT_EQ(view.sides().open, sides.open);
  EXPECT_NE(view.sides().other, sides.other) << "another trace";
}

TEST_F(TraceCompareTest, WithItselfNothingDiffersAndItCanBeStopped) {
  hold_against(workspace.trace().trace());
  EXPECT_EQ(view.causes(), QStringLiteral("• nothing differs"));
  workspace.compare().setBefore(nullptr, {});
  EXPECT_EQ(view.model().rowCount(), 0);
  EXPECT_THAT(view.title().toStdString(), HasSubstr("Nothing is compared"));
}

TEST(DifferenceModel, KeepsTheRulesOfModels) {
  DifferenceModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  auto comparison = std::make_shared<Comparison>();
  comparison->differences.resize(2);
  model.setComparison(comparison);
  EXPECT_EQ(model.rowCount(), 2);
  model.setComparison(nullptr);
  EXPECT_EQ(model.rowCount(), 0);
}

}  // namespace
}  // namespace moescope
