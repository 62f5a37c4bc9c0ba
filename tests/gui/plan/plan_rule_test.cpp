// The replica rule in the plan editor: found or chosen once, named beside every imbalance, and all
// figures, solves and predictions are under it.
#include <gmock/gmock.h>

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <algorithm>
#include <cmath>

#include "core/loads/rule_of_loads.h"
#include "core/placement/edit/plan_summary.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "views/plan/board/layer_strip.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/compare/figures_panel.h"
#include "views/plan/predict_panel.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PlanRuleTest : public test::PlanFixture {
 protected:
  void SetUp() override {
    PlanFixture::SetUp();
    openLoadsOf("sglang");
  }
  void openLoadsOf(const std::string& engine) {
    auto set = std::make_shared<LoadSet>(*test::plan_loads());
    set->engine = engine;
    loads.setLoads(set, {"loads.json"});
  }
  void choose(ReplicaRule rule) {
    auto* box = find<QComboBox>("servingRule");
    const int at = box->findData(static_cast<int>(rule));
    ASSERT_GE(at, 0);
    box->setCurrentIndex(at);
    Q_EMIT box->activated(at);
  }
  /// Mean imbalance of the command line for the same plan, rule and windows.
  double expected(ReplicaRule rule) const {
    const WindowRange windows = document->judgement().windows;
    return summarize(imbalances_under(
                         document->plan(), rule,
                         rule_loads(*loads.loads(), document->plan(), windows.first, windows.last)))
        .mean;
  }
  double mean() const { return plan_imbalance(document->state())->mean; }
  std::string label(const char* name) const { return find<QLabel>(name)->text().toStdString(); }
  void solve(const char* button) {
    find<QPushButton>(button)->click();
    ASSERT_TRUE(wait_for([this] { return !view->solver().running(); }));
    QApplication::processEvents();
  }
};

TEST_F(PlanRuleTest, TheRuleOfTheLoadsEngineIsNamedBesideEveryImbalance) {
  // A hot expert of the first node gets two more replicas on one GPU of the other.
  const auto& first = document->state().loads()->front();
  const auto hot =
      static_cast<int>(std::max_element(first.begin(), first.begin() + 10) - first.begin());
  view->editor().place(0, 16, hot);
  view->editor().place(0, 17, hot);
  EXPECT_EQ(document->serving().rule(), ReplicaRule::SglangStatic);
  EXPECT_THAT(document->serving().ruleReason().toStdString(), HasSubstr("SGLang"));
  EXPECT_NEAR(mean(), expected(ReplicaRule::SglangStatic), 1e-12);
  EXPECT_NE(document->state().gpu_loads(0), gpu_loads(row(), first, 4))
      << "equal shares must differ here";
  constexpr auto kNamed = "under SGLang static";
  EXPECT_THAT(label("planHeadline"), HasSubstr(kNamed));
  EXPECT_THAT(label("planHeading"), HasSubstr(kNamed));
  EXPECT_THAT(view->summary().toStdString(), HasSubstr(kNamed));
  EXPECT_THAT(view->csv().toStdString(),
              AllOf(HasSubstr(",replica rule\n"), HasSubstr(",SGLang static\n")));
  EXPECT_THAT(find<LayerStrip>("layerStrip")->accessibleDescription().toStdString(),
              HasSubstr(kNamed));
  EXPECT_EQ(find<FiguresPanel>("planFigures")->cell("Replica rule", 0), "SGLang static");
  view->editor().swap(0, 0, 6);
  find<QTabWidget>("planPages")->setCurrentWidget(&view->comparison());
  EXPECT_THAT(label("compareSummary"), HasSubstr(kNamed));
  EXPECT_THAT(view->summary().toStdString(), HasSubstr(kNamed));
  EXPECT_THAT(view->csv().toStdString(), HasSubstr(",SGLang static\n"));
  EXPECT_THAT(label("stepText1"), HasSubstr("SGLang static: "));
}

TEST_F(PlanRuleTest, AChosenRuleJudgesBothPlansAtOnceAndTheFoundOneComesBack) {
  view->editor().swap(0, 0, 6);
  QSignalSpy changed(document, &PlanDocument::figuresChanged);
  for (const RuleFacts& facts : all_rules()) {
    SCOPED_TRACE(facts.dispatch);
    choose(facts.rule);
    EXPECT_EQ(document->serving().rule(), facts.rule);
    EXPECT_EQ(document->before()->rule(), facts.rule);
    EXPECT_NEAR(mean(), expected(facts.rule), 1e-12);
    EXPECT_THAT(label("planHeadline"), HasSubstr(rule_title(facts.rule)));
  }
  EXPECT_GT(changed.count(), 0);
  EXPECT_TRUE(document->serving().ruleChosen());
  choose(ReplicaRule::SglangStatic);
  EXPECT_FALSE(document->serving().ruleChosen()) << "it is what the files tell";
  openLoadsOf("vllm");
  EXPECT_EQ(document->serving().rule(), ReplicaRule::VllmHash);
  choose(ReplicaRule::Best);
  openLoadsOf("sglang");
  EXPECT_EQ(document->serving().rule(), ReplicaRule::Best) << "a choice stays";
}

TEST_F(PlanRuleTest, PreviewsAndUndoAreUnderTheRule) {
  const double before = mean();
  board->setFocus();
  dragOver(0, 7);
  ASSERT_TRUE(document->previewing());
  EXPECT_NEAR(mean(), expected(ReplicaRule::SglangStatic), 1e-12);
  EXPECT_THAT(view->message().toStdString(), HasSubstr("under SGLang static"));
  drop(7);
  EXPECT_NEAR(mean(), expected(ReplicaRule::SglangStatic), 1e-12);
  document->undoStack().undo();
  EXPECT_EQ(mean(), before);
}

/// The plan under the pointer is predicted while it is dragged, wherever its figures are shown.
TEST_F(PlanRuleTest, ADragIsPredictedUnderTheRuleAndTheDropToo) {
  auto set = std::make_shared<LoadSet>(*test::plan_loads(8, 64));
  set->engine = "sglang";
  loads.setLoads(set, {"tiny.json"});
  Plan plan{.num_gpus = 4,
            .num_nodes = 2,
            .num_groups = 1,
            .num_experts = 64,
            .physical_to_logical = std::vector(8, std::vector<int>(72))};
  for (auto& row : plan.physical_to_logical)
    for (std::size_t s = 0; s < row.size(); ++s) row[s] = static_cast<int>(s % 64);
  document->open(plan, {}, {}, "tiny");
  document->serving().choose(ServingPart::Unit, "embedded-decode");
  ASSERT_TRUE(document->serving().complete());
  auto* panel = find<PredictPanel>("planPredict");
  ASSERT_FALSE(panel->isVisible());
  EXPECT_EQ(panel->shortText(), "") << "nobody asked yet";
  board->setFocus();
  dragOver(0, 19);
  ASSERT_TRUE(document->previewing());
  ASSERT_TRUE(wait_for([&] { return !panel->shortText().isEmpty(); }));
  EXPECT_THAT(label("stepText2"), HasSubstr("per step"));
  EXPECT_EQ(panel->figure("Replica rule"), "SGLang static");
  EXPECT_NE(panel->figure("Step before"), "");
  drop(19);
  ASSERT_FALSE(document->previewing());
  ASSERT_TRUE(wait_for([&] { return !panel->busy() && !panel->shortText().isEmpty(); }));
}

TEST_F(PlanRuleTest, APlanIsSolvedForTheRulesOfTheEngine) {
  EXPECT_THAT(label("solveTerms"),
              AllOf(HasSubstr("SGLang static and SGLang dynamic"), HasSubstr("worst of them")));
  // These windows have nothing in common: a plan for one says nothing of the other.
  find<QCheckBox>("solveHoldOut")->setChecked(false);
  const double before = mean();
  solve("solveFull");
  EXPECT_LT(mean(), before);
  const double solved = mean();
  // What is best for equal shares is not for SGLang's ranks.
  document->undoStack().undo();
  choose(ReplicaRule::Even);
  EXPECT_THAT(label("solveTerms"), HasSubstr("even split"));
  solve("solveFull");
  choose(ReplicaRule::SglangStatic);
  EXPECT_LE(solved, mean());
}

TEST_F(PlanRuleTest, ReplicaWeightsAreOnlyOfferedWhereTheyCount) {
  auto* resplit = find<QPushButton>("solveResplit");
  EXPECT_FALSE(resplit->isEnabled());
  EXPECT_THAT(view->solver().obstacle({.action = SolveAction::Resplit}).toStdString(),
              HasSubstr("no effect under SGLang static"));
  choose(ReplicaRule::Weights);
  EXPECT_TRUE(resplit->isEnabled());
  openLoadsOf("");
  choose(ReplicaRule::Even);
  EXPECT_FALSE(document->serving().ruleChosen());
  EXPECT_TRUE(resplit->isEnabled()) << "no engine is known: weights would be the plan's rule";
  solve("solveResplit");
  EXPECT_EQ(document->serving().rule(), ReplicaRule::Weights);
  EXPECT_THAT(label("planHeadline"), HasSubstr("under MoEscope weights"));
  document->undoStack().undo();
  EXPECT_EQ(document->serving().rule(), ReplicaRule::Even);
}

TEST_F(PlanRuleTest, ARuleThatCannotBeFollowedSaysSo) {
  Plan plan = test::small_plan();
  plan.physical_to_logical[1].pop_back();
  document->open(plan, {}, {}, "broken");
  EXPECT_THAT(label("planHeadline"), AllOf(HasSubstr("cannot be followed"), HasSubstr("layer 1")));
  choose(ReplicaRule::Even);
  EXPECT_THAT(label("planHeadline"), Not(HasSubstr("cannot be followed")));
}

TEST(ServingRule, ChoicesAreRememberedAsTextAndUnknownOnesForgotten) {
  ServingSetup setup;
  EXPECT_EQ(setup.choices(), "");
  EXPECT_EQ(setup.rule(), ReplicaRule::Even);
  EXPECT_THAT(setup.ruleReason().toStdString(), HasSubstr("no plan or loads"));
  QSignalSpy changed(&setup, &ServingSetup::changed);
  for (const RuleFacts& facts : all_rules()) {
    setup.chooseRule(facts.rule);
    EXPECT_FALSE(setup.choices().contains(QLatin1Char(' '))) << "separates it from the file";
    ServingSetup next;
    next.setChoices(setup.choices());
    EXPECT_EQ(next.rule(), facts.rule);
    EXPECT_TRUE(next.ruleChosen());
  }
  EXPECT_EQ(changed.count(), static_cast<int>(all_rules().size()));
  setup.setChoices("h200,,,no:such");
  EXPECT_FALSE(setup.ruleChosen());
  EXPECT_TRUE(setup.chosen(ServingPart::Hardware));
  setup.setChoices("h200,,");  // of an older version
  EXPECT_FALSE(setup.ruleChosen());
  Plan plan = test::small_plan();
  plan.replica_weight.assign(4, std::vector<double>(20, 1));
  setup.infer(&plan, nullptr);
  EXPECT_EQ(setup.rule(), ReplicaRule::Weights);
  EXPECT_THAT(setup.rulesToSolveFor(), testing::ElementsAre(ReplicaRule::Weights));
  setup.chooseRule(ReplicaRule::SglangDynamic);
  EXPECT_EQ(setup.engine(), "sglang");
  EXPECT_THAT(setup.rulesToSolveFor(), testing::ElementsAre(ReplicaRule::SglangDynamic));
}

}  // namespace
}  // namespace moescope
