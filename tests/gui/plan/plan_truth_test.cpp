// What the plan editor says of a plan stays true: after undo, when windows move on, and when what
// ran does not run any more.
#include <gmock/gmock.h>

#include <QCheckBox>
#include <QSignalSpy>
#include <QTabWidget>

#include "core/placement/edit/plan_summary.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "views/balance/balance_figures.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/engine_dialogs.h"
#include "views/plan/predict_panel.h"
#include "views/workspace/documents/made_from.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string number(double value) {
  return QString::number(value, 'f', 4).toStdString();
}

class PlanTruth : public test::PlanFixture {
 protected:
  void solve() {
    find<QPushButton>("solveFull")->click();
    ASSERT_TRUE(wait_for([this] { return !view->solver().running(); }));
    QApplication::processEvents();
  }
  std::string headline() const { return find<QLabel>("planHeadline")->text().toStdString(); }
};

TEST_F(PlanTruth, OneHeadlineNamesItsWindowsAndEveryViewShowsItsFigure) {
  loads.setWindows({0, 1});
  solve();
  const auto before = plan_imbalance(*document->before()), now = plan_imbalance(document->state());
  ASSERT_TRUE(before && now);
  EXPECT_THAT(headline(), AllOf(HasSubstr(number(before->mean) + " → " + number(now->mean)),
                                HasSubstr("window 0")));
  auto* pages = find<QTabWidget>("planPages");
  pages->setCurrentWidget(&view->comparison());
  EXPECT_THAT(
      find<QLabel>("compareSummary")->text().toStdString(),
      AllOf(HasSubstr("before " + number(before->mean)), HasSubstr("after " + number(now->mean))));
  EXPECT_THAT(view->message().toStdString(), Not(HasSubstr(number(now->mean))))
      << "a figure in a message would be wrong as soon as the windows move on";
  loads.setWindows({1, 2});
  EXPECT_THAT(headline(), AllOf(HasSubstr(number(plan_imbalance(document->state())->mean)),
                                HasSubstr("window 1")));
}

TEST_F(PlanTruth, APlanThatIsWorseSaysSo) {
  solve();
  EXPECT_THAT(headline(), Not(HasSubstr("worse")));
  document->open(document->plan(), {}, {}, "solved");
  document->replace(test::small_plan(), "back to the start");
  EXPECT_THAT(headline(), HasSubstr("worse"));
  view->comparison().show();
  find<QTabWidget>("planPages")->setCurrentWidget(&view->comparison());
  EXPECT_THAT(find<QLabel>("compareSummary")->text().toStdString(), HasSubstr("color:"));
}

TEST_F(PlanTruth, NothingThatWasUndoneIsStillShown) {
  solve();
  EXPECT_THAT(view->message().toStdString(), HasSubstr("Full plan"));
  const std::string solved = headline();
  document->undoStack().undo();
  EXPECT_EQ(view->message(), "");
  EXPECT_NE(headline(), solved);
  EXPECT_THAT(headline(), Not(HasSubstr("→")));
  trigger("plan.select_all");
  trigger("plan.pin");
  EXPECT_THAT(view->message().toStdString(), HasSubstr("Pin"));
  document->undoStack().undo();
  EXPECT_EQ(view->message(), "");
}

TEST_F(PlanTruth, ThePlanThatRunsIsCalledSoAsLongAsItRuns) {
  document->close();
  const auto first = std::make_shared<const Plan>(test::small_plan());
  loads.setRunningPlan(first);
  loads.setPlan(first);
  EXPECT_EQ(document->title(), "running plan");
  EXPECT_EQ(document->beforeName(), "running plan");
  QSignalSpy renamed(document, &PlanDocument::fileChanged);
  solve();
  EXPECT_EQ(document->title(), "running plan, edited");
  // It is applied.
  loads.setRunningPlan(std::make_shared<const Plan>(document->plan()));
  EXPECT_GT(renamed.count(), 0);
  EXPECT_EQ(document->title(), "running plan");
  EXPECT_EQ(document->beforeName(), "plan that ran");
  document->undoStack().undo();
  EXPECT_EQ(document->title(), "plan that ran");
  document->undoStack().redo();
  loads.setRunningPlan(nullptr);
  EXPECT_EQ(document->title(), "plan that ran, edited");
}

TEST_F(PlanTruth, CopiesAndBytesAreThoseOfTheWatchedRuntime) {
  document->close();
  const auto running = std::make_shared<const Plan>(test::small_plan());
  loads.setRunningPlan(running);
  loads.setPlan(running);
  loads.setEngine(WatchedEngine{24 * 1024, 2});
  document->replace(
      [&] {
        Plan plan = *running;
        std::swap(plan.physical_to_logical[0][0], plan.physical_to_logical[0][6]);
        return plan;
      }(),
      "swap");
  const PlanCopies moves = document->moves();
  EXPECT_EQ(moves.copies, 2);
  EXPECT_EQ(moves.copies_in_all(), 4);
  EXPECT_EQ(moves.bytes_in_all(), 4.0 * 24 * 1024);
  find<QTabWidget>("planPages")->setCurrentWidget(&view->comparison());
  EXPECT_THAT(find<QLabel>("compareSummary")->text().toStdString(),
              HasSubstr("copies: 4 (2 in each of 2 units), 96.0 KiB at 24.0 KiB per expert"));
  EXPECT_EQ(find<QComboBox>("planModel")->currentText(), "the watched runtime");
}

/// Loads and a plan of the embedded runtime's model, which can be priced.
class PlanPrediction : public testing::Test {
 protected:
  void SetUp() override {
    auto set = std::make_shared<LoadSet>(*test::plan_loads(8, 64, 6));
    set->unit = "decode";
    loads.setLoads(set, {"loads.json"});
    Plan plan{.num_gpus = 8,
              .num_nodes = 2,
              .num_groups = 8,
              .num_experts = 64,
              .physical_to_logical = {}};
    for (int l = 0; l < 8; ++l) {
      auto& row = plan.physical_to_logical.emplace_back();
      for (int s = 0; s < 72; ++s) row.push_back(s % 64);
    }
    document.open(plan, {}, {}, "test plan");
    view.resize(1300, 760);
    view.show();
  }
  void solveOn(WindowRange windows) {
    loads.setWindows(windows);
    view.findChild<QPushButton*>("solveFull")->click();
    ASSERT_TRUE(wait_for([this] { return !view.solver().running(); }));
  }
  PredictPanel& predicted() {
    auto* panel = view.findChild<PredictPanel*>("planPredict");
    view.findChild<QTabWidget*>("planSide")->setCurrentWidget(panel);
    EXPECT_TRUE(wait_for([panel] { return !panel->busy(); }));
    return *panel;
  }
  Workspace workspace;
  LoadDocument& loads = workspace.loads();
  PlanDocument& document = workspace.plan();
  PlanView view{document, workspace.selection()};
};

TEST_F(PlanPrediction, IsPricedAsAUnitOfItsOwnSizeAndPhase) {
  PredictPanel& panel = predicted();
  const auto* unit = panel.findChild<QComboBox*>("predictUnit");
  EXPECT_THAT(unit->currentText().toStdString(), AllOf(HasSubstr("decode"), HasSubstr("8 GPUs")));
  EXPECT_EQ(panel.findChild<QComboBox*>("predictModel")->currentData(), "tiny");
  EXPECT_EQ(panel.findChild<QComboBox*>("predictHardware")->currentData(), "cpu");
  const std::string step = panel.figure("Step (predicted)").toStdString();
  EXPECT_THAT(step, testing::MatchesRegex("[0-9.,]+ ± [0-9.,]+ [^ ]+"))
      << panel.note().toStdString();
}

TEST_F(PlanPrediction, TheEmbeddedRuntimeIsPricedAsItRunsInEitherPhase) {
  auto set = std::make_shared<LoadSet>(*loads.loads());
  set->unit = "prefill";
  loads.setLoads(set, {"loads.json"});
  PredictPanel& panel = predicted();
  const auto* unit = panel.findChild<QComboBox*>("predictUnit");
  EXPECT_EQ(unit->currentData(), "embedded-prefill");
  EXPECT_THAT(panel.figure("Step (predicted)").toStdString(), HasSubstr("±"))
      << panel.note().toStdString();
  EXPECT_GE(unit->width(), unit->fontMetrics().horizontalAdvance("prefill on"));
}

TEST_F(PlanPrediction, WhatTheUserChoseIsNotGuessedOver) {
  auto* unit = view.findChild<QComboBox*>("predictUnit");
  EXPECT_EQ(unit->currentData(), "embedded-decode") << "found";
  const int prefill = unit->findData("prefill32");
  unit->setCurrentIndex(prefill);
  Q_EMIT unit->activated(prefill);
  document.open(document.plan(), {}, {}, "another");
  EXPECT_EQ(unit->currentIndex(), prefill);
  EXPECT_THAT(unit->currentText().toStdString(), AllOf(HasSubstr("8 GPUs"), HasSubstr("prefill")));
}

TEST_F(PlanPrediction, SaysWhetherThePlanWasMadeFromTheWindows) {
  EXPECT_THAT(predicted().note().toStdString(), HasSubstr("made from them is unknown"));
  solveOn({0, 3});
  EXPECT_THAT(predicted().note().toStdString(),
              HasSubstr("judged on window 2, which the plan was not made from"));
  loads.setWindows({0, 2});
  EXPECT_THAT(predicted().note().toStdString(),
              HasSubstr("judged on windows 0 to 1, which the plan was made from"));
  loads.setWindows({1, 5});
  EXPECT_THAT(predicted().note().toStdString(),
              HasSubstr("judged on windows 2 to 4, which the plan was not made from"));
  loads.setWindows({4, 6});
  EXPECT_THAT(predicted().note().toStdString(),
              HasSubstr("judged on windows 4 to 5, which the plan was not made from"));
  document.undoStack().undo();
  EXPECT_THAT(predicted().note().toStdString(), HasSubstr("made from them is unknown"));
}

TEST_F(PlanPrediction, FiguresAreOfWindowsThatDidNotMakeThePlan) {
  const auto imbalance_on = [this](int first, int last) {
    PlanState state(document.plan());
    state.set_loads(std::make_shared<const LayerLoads>(
        loads_of_plan(*loads.loads(), document.plan(), first, last)));
    return plan_imbalance(state)->mean;
  };
  EXPECT_EQ(document.judgement().windows, (WindowRange{0, 6})) << "nothing is known of its origin";
  EXPECT_EQ(loads.judgedWindows(), (WindowRange{0, 6}));
  solveOn({0, 6});
  EXPECT_EQ(document.judgement().windows, (WindowRange{5, 6}));
  EXPECT_EQ(document.judgement().text, "made from windows 0 to 4, judged on window 5");
  EXPECT_EQ(loads.windows(), (WindowRange{0, 6})) << "the choice of the user stays";
  EXPECT_EQ(loads.judgedWindows(), (WindowRange{5, 6})) << "for the other views";
  EXPECT_EQ(plan_imbalance(document.state())->mean, imbalance_on(5, 6));
  const std::string headline = view.findChild<QLabel*>("planHeadline")->text().toStdString();
  EXPECT_THAT(headline, HasSubstr("made from windows 0 to 4, judged on window 5"));
  document.undoStack().undo();
  EXPECT_EQ(document.judgement().windows, (WindowRange{0, 6}));
  EXPECT_EQ(plan_imbalance(document.state())->mean, imbalance_on(0, 6));

  view.findChild<QCheckBox*>("solveHoldOut")->setChecked(false);
  solveOn({0, 6});
  EXPECT_EQ(document.judgement().text, "judged on all 6 windows, which it was made from");
  loads.setLoads(std::make_shared<LoadSet>(*test::plan_loads(8, 64, 1)), {"loads.json"});
  EXPECT_THAT(view.findChild<QLabel*>("solveTerms")->text().toStdString(),
              HasSubstr("judged on the only window, which it was made from"));
}

TEST_F(PlanPrediction, WindowsWithoutAnOrderInTimeAreNotDivided) {
  auto set = std::make_shared<LoadSet>(*loads.loads());
  set->ordered_in_time = false;
  loads.setLoads(set, {"loads.json"});
  solveOn({0, 6});
  EXPECT_EQ(document.judgement().text, "judged on all 6 windows, which it was made from");
}

LoadSet timed_loads(int first, int count) {
  LoadSet set;
  set.source = "live";
  set.unit = "decode";
  set.experts = 1;
  for (int w = first; w < first + count; ++w) {
    set.windows.push_back({{1.0}});
    set.times.push_back({w * 1000, (w + 1) * 1000});
  }
  return set;
}

TEST(MadeFromWindows, AreFoundAgainWhenTheOldestAreGone) {
  const MadeFrom from = made_from(timed_loads(0, 10), {4, 8});
  const LoadSet later = timed_loads(3, 12);  // window 4 is number 1 now
  EXPECT_EQ(windows_that_made(from, later, {0, 12}), (std::pair{1, 5}));
  EXPECT_EQ(windows_that_made(from, later, {3, 12}), (std::pair{0, 2}));
  EXPECT_EQ(windows_that_made(from, later, {6, 12}), (std::pair{0, 0})) << "none of them";
}

TEST(MadeFromWindows, OfAnotherUnitMadeNothingAndOfAnotherSourceAreNotKnown) {
  const MadeFrom from = made_from(timed_loads(0, 10), {4, 8});
  LoadSet prefill = timed_loads(0, 10);
  prefill.unit = "prefill";
  EXPECT_EQ(windows_that_made(from, prefill, {0, 10}), (std::pair{0, 0}));
  LoadSet other = timed_loads(0, 10);
  other.source = "no such file";
  EXPECT_EQ(windows_that_made(from, other, {0, 10}), std::nullopt);
}

TEST(CompletedLoads, KeepTheUnitAndTheWindowsThatWereChosen) {
  LoadDocument document;
  const auto live = std::make_shared<const LoadSet>(timed_loads(5, 6));
  LoadSet prefill = timed_loads(5, 6);
  prefill.unit = "prefill";
  document.setSets({std::make_shared<const LoadSet>(prefill), live}, {"live"});
  document.showSet(1);
  document.setWindows({2, 4});  // number 7 and 8 of all
  auto whole_prefill = timed_loads(0, 12);
  whole_prefill.unit = "prefill";
  document.completeSets({std::make_shared<const LoadSet>(whole_prefill),
                         std::make_shared<const LoadSet>(timed_loads(0, 12))},
                        {"file"});
  EXPECT_EQ(document.loads()->unit, "decode");
  EXPECT_EQ(document.windows(), (WindowRange{7, 9}));
  EXPECT_EQ(document.files(), QStringList{"file"});
  EXPECT_FALSE(document.growing());
}

TEST_F(PlanTruth, TheMenuSaysWhatItWouldDo) {
  const auto text = [this](const char* name) {
    for (QAction* action : view->actions())
      if (action->objectName() == QLatin1String(name))
        return action->text().remove('&').toStdString();
    return std::string("absent");
  };
  board->select(6);
  EXPECT_EQ(text("plan.pin"), "Pin slot");
  EXPECT_EQ(text("plan.forbid"), "Forbid this expert on this GPU");
  EXPECT_EQ(text("plan.fail"), "Mark GPU 1 as failed");
  trigger("plan.pin");
  EXPECT_EQ(text("plan.pin"), "Unpin slot");
  board->select(7);
  EXPECT_EQ(text("plan.pin"), "Pin slot");
  trigger("plan.forbid");
  EXPECT_EQ(text("plan.forbid"), "Allow this expert on this GPU");
  board->select(6);
  trigger("plan.pin");
  EXPECT_EQ(text("plan.pin"), "Pin slot");
  trigger("plan.fail");
  EXPECT_EQ(text("plan.fail"), "Mark GPU 1 as alive");
}

TEST_F(PlanTruth, ReturnInTheExportDialogDoesNotReplaceAFileThatIsThere) {
  QTemporaryDir folder;
  const QString there = folder.filePath("there.json");
  QFile file(there);
  ASSERT_TRUE(file.open(QIODevice::WriteOnly));
  file.write("mine");
  file.close();
  ExportPlanDialog dialog(document->plan());
  dialog.show();
  dialog.setFile(there);
  auto* save = dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Save);
  EXPECT_EQ(save->text(), "Replace");
  QTest::keyClick(dialog.findChild<QLineEdit*>("exportPlanFile"), Qt::Key_Return);
  ASSERT_TRUE(wait_for([&] { return !dialog.busy(); }));
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  EXPECT_EQ(file.readAll(), "mine");
  dialog.setFile(folder.filePath("new.json"));
  EXPECT_EQ(save->text(), "Write");
  EXPECT_TRUE(save->isDefault());
}

}  // namespace
}  // namespace moescope
