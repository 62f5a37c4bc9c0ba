// The steps of a plan: Solve, Compare, Predict, Apply or Export, as a person meets them.
#include "views/plan/plan_flow.h"

#include <gmock/gmock.h>

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>

#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/flow/plan_steps.h"
#include "views/plan/predict_panel.h"
#include "views/plan/serving_chooser.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Phase = PlanStepState::Phase;

class PlanFlowTest : public test::PlanFixture {
 protected:
  Phase phase(PlanFlowStep step) const { return view->steps().step(step).phase; }
  std::string text(PlanFlowStep step) const { return view->steps().step(step).text.toStdString(); }
  void finish() {
    ASSERT_TRUE(wait_for([this] { return !view->solver().running(); }));
    QApplication::processEvents();
  }
  void choose(const char* box, const char* name) {
    auto* choice = find<QComboBox>(box);
    const int at = choice->findData(name);
    choice->setCurrentIndex(at);
    Q_EMIT choice->activated(at);
  }
};

TEST_F(PlanFlowTest, WithoutAPlanTheViewOffersWhatToDo) {
  QAction make("&New plan from loads…"), open("&Open plan…");
  make.setObjectName("plan.new");
  open.setObjectName("plan.open");
  make.setEnabled(false);
  view->setStartActions({&make, &open});
  document->close();
  auto* page = find<QWidget>("planEmpty");
  EXPECT_TRUE(page->isVisible());
  EXPECT_FALSE(board->isVisible());
  auto* first = find<QPushButton>("planEmpty_plan.new");
  EXPECT_EQ(first->text(), "New plan from loads…");
  EXPECT_FALSE(first->isEnabled());
  make.setEnabled(true);
  EXPECT_TRUE(first->isEnabled());
  QSignalSpy made(&make, &QAction::triggered);
  first->click();
  EXPECT_EQ(made.count(), 1);
  for (const auto step :
       {PlanFlowStep::Solve, PlanFlowStep::Compare, PlanFlowStep::Predict, PlanFlowStep::Finish})
    EXPECT_EQ(phase(step), Phase::Blocked);
  EXPECT_FALSE(view->steps().solve().isEnabled());
  document->open(test::small_plan(), {}, {}, "test plan");
  EXPECT_FALSE(page->isVisible());
  EXPECT_TRUE(board->isVisible());
}

TEST_F(PlanFlowTest, EveryStepLeadsToTheNext) {
  EXPECT_EQ(phase(PlanFlowStep::Solve), Phase::Next);
  EXPECT_THAT(text(PlanFlowStep::Solve),
              AllOf(HasSubstr("keep the worst GPU of every layer low"), HasSubstr("20 slots")));
  EXPECT_EQ(phase(PlanFlowStep::Compare), Phase::Blocked) << "there is nothing to compare";
  EXPECT_THAT(text(PlanFlowStep::Compare), HasSubstr("as opened"));
  view->steps().solve().click();
  EXPECT_TRUE(view->solver().running());
  EXPECT_EQ(phase(PlanFlowStep::Solve), Phase::Running);
  EXPECT_FALSE(view->steps().solve().isEnabled());
  finish();
  EXPECT_EQ(phase(PlanFlowStep::Solve), Phase::Done);
  EXPECT_EQ(text(PlanFlowStep::Solve), "made from window 0, judged on window 1");
  EXPECT_EQ(phase(PlanFlowStep::Compare), Phase::Next);
  EXPECT_THAT(text(PlanFlowStep::Compare), AllOf(HasSubstr("color:"), HasSubstr("copies")));
  view->steps().compare().click();
  EXPECT_TRUE(view->comparison().isVisible());
  EXPECT_EQ(phase(PlanFlowStep::Compare), Phase::Done);
  EXPECT_EQ(phase(PlanFlowStep::Predict), Phase::Next);
  document->undoStack().undo();
  EXPECT_EQ(phase(PlanFlowStep::Solve), Phase::Next) << "the solved plan is gone";
  EXPECT_EQ(phase(PlanFlowStep::Compare), Phase::Blocked);
}

TEST_F(PlanFlowTest, WhatTheFilesDoNotTellIsAskedForAndNotGuessed) {
  EXPECT_EQ(document->serving().missing(), (QStringList{"hardware", "model", "serving unit"}));
  EXPECT_EQ(phase(PlanFlowStep::Predict), Phase::Possible);
  EXPECT_THAT(text(PlanFlowStep::Predict), HasSubstr("choose hardware, model, serving unit"));
  view->steps().predict().click();
  auto* panel = find<PredictPanel>("planPredict");
  EXPECT_TRUE(panel->isVisible());
  EXPECT_TRUE(find<QComboBox>("predictHardware")->hasFocus()) << "the first that is missing";
  EXPECT_EQ(find<QComboBox>("predictHardware")->currentIndex(), -1);
  ASSERT_TRUE(wait_for([&] { return !panel->busy(); }));
  EXPECT_THAT(panel->note().toStdString(), HasSubstr("Choose hardware"));
  choose("predictModel", "tiny");
  EXPECT_EQ(document->serving().missing(), QStringList{"serving unit"})
      << "hardware follows from the model";
  choose("predictUnit", "embedded-decode");
  EXPECT_TRUE(document->serving().complete());
  QSignalSpy changed(&document->serving(), &ServingSetup::changed);
  choose("predictUnit", "embedded-prefill");
  EXPECT_EQ(changed.count(), 1) << "another choice counts too";
}

TEST_F(PlanFlowTest, ApplySaysWhyItCannotAndExportIsOffered) {
  QAction apply("Apply plan…");
  apply.setEnabled(false);
  apply.setStatusTip("you may only watch this runtime");
  view->flow().setApply(&apply);
  EXPECT_FALSE(view->steps().apply().isEnabled());
  EXPECT_THAT(text(PlanFlowStep::Finish), HasSubstr("you may only watch this runtime"));
  QSignalSpy exported(view.get(), &PlanView::exportRequested);
  view->steps().exportPlan().click();
  EXPECT_EQ(exported.count(), 1);
  view->flow().noteExported("/there/plan.json");
  EXPECT_EQ(phase(PlanFlowStep::Finish), Phase::Done);
  EXPECT_EQ(text(PlanFlowStep::Finish), "exported as plan.json");
  view->editor().swap(0, 0, 6);
  EXPECT_EQ(phase(PlanFlowStep::Finish), Phase::Possible) << "that was another plan";
  apply.setEnabled(true);
  EXPECT_TRUE(view->steps().apply().isEnabled());
  QSignalSpy applied(&apply, &QAction::triggered);
  view->steps().apply().click();
  EXPECT_EQ(applied.count(), 1);
  loads.setRunningPlan(std::make_shared<const Plan>(document->plan()));
  EXPECT_EQ(text(PlanFlowStep::Finish), "this plan runs");
}

TEST_F(PlanFlowTest, InANarrowDockTheFormsArePagesBesideTheBoard) {
  auto* pages = find<QTabWidget>("planPages");
  auto* side = find<QTabWidget>("planSide");
  EXPECT_EQ(pages->count(), 3);
  EXPECT_TRUE(side->isVisible());
  view->resize(690, 640);
  QApplication::processEvents();
  EXPECT_EQ(pages->count(), 7);
  EXPECT_FALSE(side->isVisible());
  view->steps().predict().click();
  EXPECT_TRUE(find<PredictPanel>("planPredict")->isVisible());
  EXPECT_EQ(pages->tabText(pages->currentIndex()), "Predict");
  view->resize(1300, 760);
  QApplication::processEvents();
  EXPECT_EQ(pages->count(), 3);
  EXPECT_TRUE(side->isVisible());
  EXPECT_TRUE(find<PredictPanel>("planPredict")->isVisible()) << "what was in front stays so";
}

/// No button of the strip or of the forms is cut at the right edge.
TEST_F(PlanFlowTest, ButtonsAreNotCut) {
  for (const QSize size : {QSize(690, 640), QSize(860, 820), QSize(1300, 760)}) {
    view->resize(size);
    QApplication::processEvents();
    for (const QAbstractButton* button : view->findChildren<QAbstractButton*>()) {
      if (!button->isVisible() || button->text().isEmpty()) continue;
      EXPECT_GE(button->width(), button->sizeHint().width())
          << button->objectName().toStdString() << " at " << size.width();
      const int right = button->mapTo(view.get(), QPoint(button->width(), 0)).x();
      EXPECT_LE(right, view->width()) << button->objectName().toStdString();
    }
  }
}

TEST(ServingSetup, FindsWhatTheFilesTellAndRemembersWhatWasChosen) {
  ServingSetup setup;
  Plan plan{.num_gpus = 32,
            .num_nodes = 4,
            .num_groups = 8,
            .num_experts = 256,
            .physical_to_logical = std::vector(58, std::vector<int>(288))};
  setup.infer(&plan, nullptr);
  EXPECT_EQ(setup.name(ServingPart::Model), "deepseek-v3");
  EXPECT_THAT(setup.reason(ServingPart::Model).toStdString(), HasSubstr("256 experts"));
  EXPECT_EQ(setup.name(ServingPart::Unit), "") << "two built-in units have 32 GPUs and 288 slots";
  EXPECT_THAT(setup.reason(ServingPart::Unit).toStdString(), HasSubstr("several"));
  EXPECT_EQ(setup.name(ServingPart::Hardware), "");
  setup.setDevice("NVIDIA H800");
  EXPECT_EQ(setup.name(ServingPart::Hardware), "h800");
  plan.num_gpus = 144;
  plan.num_nodes = 18;
  setup.infer(&plan, nullptr);
  EXPECT_EQ(setup.name(ServingPart::Unit), "decode144");
  plan.num_gpus = 24;
  LoadSet loads;
  loads.experts = 256;
  loads.unit = "decode";
  loads.windows = {LayerLoads(58, std::vector<double>(256, 1))};
  setup.infer(&plan, &loads);
  EXPECT_EQ(setup.name(ServingPart::Unit), "") << "an 8-GPU plan is not priced as another unit";
  setup.choose(ServingPart::Unit, "prefill32");
  setup.infer(&plan, &loads);
  EXPECT_EQ(setup.name(ServingPart::Unit), "prefill32");
  ServingSetup next;
  next.setChoices(setup.choices());
  EXPECT_EQ(next.name(ServingPart::Unit), "prefill32");
  EXPECT_FALSE(next.chosen(ServingPart::Model)) << "that was found";
  next.setChoices("no such hardware,,");
  EXPECT_FALSE(next.chosen(ServingPart::Hardware));
  EXPECT_FALSE(next.chosen(ServingPart::Unit)) << "forgotten";
}

}  // namespace
}  // namespace moescope
