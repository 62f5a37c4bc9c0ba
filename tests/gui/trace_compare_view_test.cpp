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

TEST_F(TraceCompareTest, FiguresAreWordsWithTheirUnitsAndTheNameInTheTooltip) {
  hold_against(gemm_of(100'000));
  const DifferenceModel& model = view.model();
  for (int row = 0; row < model.rowCount(); ++row) {
    const QString words = model.index(row, DifferenceModel::Figure).data().toString();
    EXPECT_FALSE(words.contains('_')) << words.toStdString();
    EXPECT_EQ(model.index(row, DifferenceModel::Figure).data(Qt::ToolTipRole).toString(),
              QString::fromStdString(model.row(row).figure) + " in CSV");
  }
  const auto at = [&](const char* figure, DifferenceModel::Column column) {
    for (int row = 0; row < model.rowCount(); ++row)
      if (model.row(row).scope == "trace" && model.row(row).figure == figure)
        return model.index(row, column).data().toString();
    return QString();
  };
  EXPECT_EQ(at("span_ns", DifferenceModel::Figure), "From first to last GPU work");
  EXPECT_EQ(at("span_ns", DifferenceModel::A), "100 µs");
  EXPECT_EQ(at("span_ns", DifferenceModel::B), "210 ns");
}

/// Two layers of four experts in two windows; the first expert of the second layer has `hot`.
LoadsPtr loads_with(double hot, const std::string& unit) {
  LoadSet loads;
  loads.experts = 4;
  loads.unit = unit;
  loads.layer_ids = {3, 4};
  for (int window = 0; window < 2; ++window)
    loads.windows.push_back({{10, 10, 10, 10}, {hot, 10, 10, 10}});
  return std::make_shared<const LoadSet>(loads);
}

TEST_F(TraceCompareTest, LoadsAreHeldAgainstThoseOfTheSameUnit) {
  workspace.loads().setSets({loads_with(30, "decode")}, {"now.moetrace"});
  workspace.compare().setLoads({loads_with(99, "prefill"), loads_with(10, "decode")},
                               {"before.moetrace"});
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_THAT(view.title().toStdString(),
              AllOf(HasSubstr("before.moetrace"), HasSubstr("now.moetrace, decode")));
  EXPECT_THAT(view.csv().toStdString(), HasSubstr("layer,4,imbalance,1,2,1,100,,1,more"));
  EXPECT_THAT(view.csv().toStdString(), HasSubstr("expert,4/0,share_pct,25,50"));
  EXPECT_FALSE(view.lanes().shown()) << "loads have no lanes";
  EXPECT_GE(view.scopeChoice()->findData("expert"), 0);
  EXPECT_LT(view.scopeChoice()->findData("kernel"), 0) << "there are none";
  workspace.loads().setSets({loads_with(30, "other")}, {"now.moetrace"});
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_THAT(view.title().toStdString(), HasSubstr("no loads of other"));
}

TEST(CompareView, HoldsPlansAgainstEachOtherWithoutATrace) {
  Workspace workspace;
  TraceCompareView view(workspace);
  Plan plan;
  plan.num_gpus = 2;
  plan.num_experts = 4;
  plan.physical_to_logical = {{0, 1, 2, 3}};
  Plan other = plan;
  other.physical_to_logical = {{0, 2, 1, 3}};
  workspace.plan().open(plan, {}, {}, "now");
  workspace.compare().setPlan(std::make_shared<const Plan>(other), "old.json");
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_THAT(view.causes().toStdString(), HasSubstr("2 slots hold another expert"));
  EXPECT_THAT(view.title().toStdString(), HasSubstr("old.json"));
  workspace.plan().open(other, {}, {}, "now");
  ASSERT_TRUE(wait_for([&] { return !view.busy(); }));
  EXPECT_EQ(view.causes(), QStringLiteral("• nothing differs")) << "it follows the open plan";
  workspace.plan().close();
  EXPECT_THAT(view.title().toStdString(), HasSubstr("not open any more"));
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
