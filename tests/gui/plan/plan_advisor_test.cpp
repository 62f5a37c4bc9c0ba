// The advice on the plan in force: asked once all is known, shown first, carried out by a button.
#include "views/plan/advice/plan_advisor.h"

#include <gmock/gmock.h>

#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTableWidget>
#include <QToolButton>

#include "core/advise/advise.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "views/plan/advice/advice_banner.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kLayers = 8, kExperts = 64;  // of the built-in model tiny

class PlanAdviceTest : public test::PlanFixture {
 protected:
  void SetUp() override {
    PlanFixture::SetUp();
    loads.setLoads(decodeLoads(4), {"tiny.json"});
    document->open(tinyPlan(), {}, {}, "tiny plan");
  }
  /// Windows whose hot experts stay hot, of a decoding unit.
  static LoadsPtr decodeLoads(int windows) {
    auto set = std::make_shared<LoadSet>();
    set->source = "tiny.json";
    set->unit = "decode";
    set->experts = kExperts;
    const auto base = test::r1_loads(1, 0, kLayers, kExperts, 200000);
    for (int w = 0; w < windows; ++w) set->windows.push_back(base);
    return set;
  }
  static Plan tinyPlan() {
    Plan plan{.num_gpus = 8,
              .num_nodes = 2,
              .num_groups = 1,
              .num_experts = kExperts,
              .physical_to_logical = {}};
    for (int l = 0; l < kLayers; ++l) {
      auto& row = plan.physical_to_logical.emplace_back();
      for (int s = 0; s < 72; ++s) row.push_back(s % kExperts);
    }
    return plan;
  }
  PlanAdvisor& advisor() { return view->advisor(); }
  void complete() {
    document->serving().choose(ServingPart::Hardware, "h800");
    document->serving().choose(ServingPart::Unit, "embedded-decode");
  }
  void waitForAdvice() {
    ASSERT_TRUE(wait_for([this] { return advisor().advice() != nullptr; }));
    QApplication::processEvents();
  }
  std::string banner() const { return find<AdviceBanner>("adviceBanner")->text().toStdString(); }
};

TEST_F(PlanAdviceTest, SaysWhatToChooseThenAsksByItself) {
  document->serving().choose(ServingPart::Unit, "");
  loads.setLoads(test::plan_loads(kLayers, kExperts), {"tiny.json"});
  ASSERT_FALSE(document->serving().complete());
  EXPECT_THAT(banner(), HasSubstr("Choose serving unit"));
  auto* choose = find<QToolButton>("adviceChoose");
  ASSERT_TRUE(choose->isVisible());
  choose->click();
  EXPECT_EQ(find<QTabWidget>("planSide")->currentWidget()->objectName(), "planPredict");
  complete();
  waitForAdvice();
  EXPECT_FALSE(choose->isVisible());
  EXPECT_THAT(banner(), testing::AnyOf(HasSubstr("Do it: "), HasSubstr("Not worth it: "),
                                       HasSubstr("Not enough evidence: ")));
  EXPECT_THAT(banner(), HasSubstr(advisor().advice()->reason));
}

TEST_F(PlanAdviceTest, TheAnswerIsThatOfTheCommandLine) {
  complete();
  waitForAdvice();
  const Advice& shown = *advisor().advice();
  const Deployment& d = advisor().deployment();
  EXPECT_EQ(d.plan, tinyPlan());
  const Advice again = advise(d, *loads.loads(), {}, no_progress());
  EXPECT_EQ(shown.verdict, again.verdict);
  EXPECT_EQ(shown.reason, again.reason);
  ASSERT_EQ(shown.actions.size(), again.actions.size());
  find<QToolButton>("adviceDetails")->click();
  auto* table = find<QTableWidget>("adviceTable");
  EXPECT_TRUE(table->isVisible());
  ASSERT_EQ(table->rowCount(), static_cast<int>(again.actions.size()));
  for (int r = 0; r < table->rowCount(); ++r)
    EXPECT_THAT(table->item(r, 2)->text().toStdString(), HasSubstr(" %"));
  EXPECT_THAT(find<QLabel>("adviceFacts")->text().toStdString(),
              AllOf(HasSubstr("under even split"), HasSubstr("elt"), HasSubstr("H800")));
  EXPECT_THAT(find<QLabel>("advicePageVerdict")->text().toStdString(),
              HasSubstr(QString::fromStdString(again.reason).toHtmlEscaped().toStdString()));
}

TEST_F(PlanAdviceTest, StaysUntilWhatItDependsOnChanges) {
  complete();
  waitForAdvice();
  const Advice* given = advisor().advice();
  view->editor().swap(0, 0, 9);
  EXPECT_EQ(advisor().advice(), given) << "an edit does not change the plan in force";
  document->undoStack().undo();
  EXPECT_EQ(advisor().advice(), given);
  document->serving().chooseRule(ReplicaRule::SglangStatic);
  EXPECT_EQ(advisor().advice(), nullptr);
  waitForAdvice();
  EXPECT_EQ(advisor().deployment().rule, ReplicaRule::SglangStatic);
  EXPECT_EQ(advisor().deployment().engine, "sglang");
  loads.setWindows({0, 1});
  EXPECT_EQ(advisor().advice(), nullptr);
  waitForAdvice();
  EXPECT_EQ(advisor().advice()->evidence.windows, 1);
  document->close();
  EXPECT_EQ(advisor().advice(), nullptr);
  EXPECT_FALSE(find<QWidget>("adviceBanner")->isVisible());
}

TEST_F(PlanAdviceTest, AButtonTakesThePlanOrCopiesTheCommand) {
  complete();
  waitForAdvice();
  find<QToolButton>("adviceDetails")->click();
  find<QToolButton>("advice_take_full_plan")->click();
  const auto full =
      std::find_if(advisor().advice()->actions.begin(), advisor().advice()->actions.end(),
                   [](const AdvisedAction& a) { return a.kind == AdvisedKind::FullPlan; });
  ASSERT_NE(full, advisor().advice()->actions.end());
  EXPECT_EQ(document->plan().physical_to_logical, full->plan.physical_to_logical);
  EXPECT_EQ(document->undoStack().count(), 1);
  EXPECT_THAT(document->judgement().text.toStdString(), HasSubstr("made from windows 0 to 2"));
  EXPECT_THAT(view->message().toStdString(), HasSubstr("can be undone"));
  document->undoStack().undo();
  EXPECT_EQ(document->plan(), tinyPlan());
  find<QToolButton>("advice_copy_more_redundancy")->click();
  EXPECT_THAT(QApplication::clipboard()->text().toStdString(),
              AllOf(HasSubstr("moescope plan solve --loads tiny.json"), HasSubstr("--slots 80")));
}

TEST_F(PlanAdviceTest, CanBeCancelledAndAskedAgain) {
  complete();
  ASSERT_TRUE(wait_for([this] { return advisor().running() || advisor().advice(); }));
  if (advisor().running()) {
    find<QToolButton>("adviceCancel")->click();
    ASSERT_TRUE(wait_for([this] { return !advisor().running(); }));
  }
  if (advisor().advice() == nullptr) {
    EXPECT_THAT(banner(), HasSubstr("cancelled"));
    auto* ask = find<QToolButton>("adviceAsk");
    ASSERT_TRUE(ask->isVisible());
    ask->click();
  }
  waitForAdvice();
}

TEST_F(PlanAdviceTest, WithoutLoadsOrWithErrorsItSaysWhy) {
  loads.setLoads(nullptr, {});
  EXPECT_THAT(banner(), HasSubstr("Open loads"));
  loads.setLoads(decodeLoads(2), {"tiny.json"});
  Plan broken = tinyPlan();
  broken.physical_to_logical[0].assign(72, 0);
  document->open(broken, {}, {}, "broken");
  EXPECT_THAT(banner(), HasSubstr("has errors"));
  EXPECT_FALSE(find<QToolButton>("adviceAsk")->isVisible());
}

TEST_F(PlanAdviceTest, NothingIsAskedWhileNobodyLooksOrLoadsGrow) {
  view->hide();
  complete();
  QTest::qWait(500);
  EXPECT_FALSE(advisor().running());
  EXPECT_EQ(advisor().advice(), nullptr);
  loads.growLoads(decodeLoads(5));
  view->show();
  QTest::qWait(500);
  EXPECT_FALSE(advisor().running());
  auto* ask = find<QToolButton>("adviceAsk");
  ASSERT_TRUE(ask->isVisible());
  ask->click();
  waitForAdvice();
  const Advice* given = advisor().advice();
  loads.growLoads(decodeLoads(6));
  EXPECT_EQ(advisor().advice(), given) << "more of the same loads";
}

}  // namespace
}  // namespace moescope
