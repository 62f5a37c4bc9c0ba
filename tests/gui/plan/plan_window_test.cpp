// The plan editor inside the window: files, undo that follows the focus, recovery, layout.
#include "app/window/docks/plan_window.h"

#include <gmock/gmock.h>

#include <QPushButton>
#include <QSettings>
#include <QTest>
#include <QToolButton>

#include "app/window/main_window.h"
#include "core/files.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::HasSubstr;

class PlanWindowTest : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    QDir(PlanAutosave::defaultFolder()).removeRecursively();
    write_text_file(folder / "plan.json", plan_json(test::small_plan()));
    makeWindow();
  }
  void TearDown() override {
    window.reset();
    QDir(PlanAutosave::defaultFolder()).removeRecursively();
  }
  void makeWindow() {
    window = std::make_unique<MainWindow>(WindowServices());
    window->show();
    window->activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(window.get()));
  }
  QString path(const char* name) const { return QString::fromStdString((folder / name).string()); }
  void openPlan() {
    window->openFiles({path("plan.json")});
    ASSERT_TRUE(wait_for([&] { return !document().empty(); }));
  }
  PlanDocument& document() { return window->plans().document(); }
  QAction* action(const char* name) const { return window->findChild<QAction*>(name); }
  QToolButton* button(const QString& text) const {
    for (auto* one : window->messages().findChildren<QToolButton*>())
      if (one->text() == text) return one;
    return nullptr;
  }

  test::TempFolder folder;
  std::unique_ptr<MainWindow> window;
};

TEST_F(PlanWindowTest, aPlanFileOpensTheEditor) {
  EXPECT_FALSE(action("plan.save")->isEnabled());
  openPlan();
  EXPECT_TRUE(window->layouts().dock("plan")->isVisible());
  EXPECT_EQ(document().plan(), test::small_plan());
  EXPECT_EQ(document().file(), path("plan.json"));
  EXPECT_TRUE(action("plan.save")->isEnabled());
  EXPECT_FALSE(action("plan.new")->isEnabled()) << "there are no loads";
  EXPECT_THAT(window->windowTitle().toStdString(), HasSubstr("plan.json"));
}

TEST_F(PlanWindowTest, aRecordingShowsThePlanThatRanUntilTheUserHasOne) {
  const QString sample = QStringLiteral(MOESCOPE_SOURCE_DIR "/sample-traces/plan-change.moetrace");
  window->openFiles({sample});
  ASSERT_TRUE(wait_for([&] { return !document().empty(); }));
  EXPECT_EQ(document().name(), "plan that ran") << "it does not run now";
  EXPECT_FALSE(document().modified());
  const Plan ran = document().plan();
  EXPECT_EQ(ran.physical_to_logical, *window->loads().loads()->running_map);
  EXPECT_TRUE(action("plan.solve")->isEnabled());

  // Without the loads there is nothing to see it with; another recording brings its own.
  window->loader().close();
  ASSERT_TRUE(wait_for([&] { return document().empty(); }));
  window->openFiles({sample});
  ASSERT_TRUE(wait_for([&] { return !document().empty(); }));

  // What was edited or opened stays.
  Plan edited = ran;
  std::swap(edited.physical_to_logical[0].front(), edited.physical_to_logical[0].back());
  document().replace(edited, "edit");
  window->loader().close();
  ASSERT_TRUE(wait_for([&] { return window->loads().loads() == nullptr; }));
  EXPECT_EQ(document().plan(), edited);
  openPlan();
  ASSERT_TRUE(wait_for([&] { return document().plan() == test::small_plan(); }));
  window->openFiles({sample});
  ASSERT_TRUE(wait_for([&] { return window->loads().loads() != nullptr; }));
  EXPECT_EQ(document().plan(), test::small_plan());
}

TEST_F(PlanWindowTest, ofSeveralPlansTheOthersAreOfferedForComparison) {
  Plan other = test::small_plan();
  std::swap(other.physical_to_logical[0].front(), other.physical_to_logical[0].back());
  save_plan(other, path("other.json").toStdString());
  save_plan(test::small_plan(), path("plan.json").toStdString());
  window->openFiles({path("plan.json"), path("other.json")});
  ASSERT_TRUE(wait_for(
      [&] { return button("Compare with other.json") && document().file() == path("plan.json"); }));
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("plan.json is open, other.json"));
  button("Compare with other.json")->click();
  ASSERT_TRUE(document().before() != nullptr);
  EXPECT_EQ(document().before()->plan(), other);
}

TEST_F(PlanWindowTest, aFileThatIsNoPlanIsNamedAndTheOpenPlanStays) {
  openPlan();
  write_text_file(folder / "bad.json", R"({"physical_to_logical_map": 3, "num_gpus": 0})");
  window->openFiles({path("bad.json")});
  ASSERT_TRUE(wait_for([&] { return !window->messages().text().isEmpty(); }));
  EXPECT_EQ(window->messages().level(), UserMessage::Level::Error);
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("bad.json"));
  EXPECT_EQ(document().plan(), test::small_plan());
}

TEST_F(PlanWindowTest, undoFollowsTheFocus) {
  openPlan();
  auto& view = window->plans().view();
  view.board().setFocus();
  view.editor().swap(0, 0, 1);
  ASSERT_TRUE(action("edit.undo")->isEnabled());
  EXPECT_THAT(action("edit.undo")->text().toStdString(), HasSubstr("Swap experts 0 and 1"));
  window->layouts().reveal("notes");
  QApplication::processEvents();
  EXPECT_FALSE(action("edit.undo")->isEnabled()) << "there are no edits of notes";
  view.board().setFocus();
  QTest::keyClick(window.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(document().plan(), test::small_plan());
}

TEST_F(PlanWindowTest, savingWritesTheFileAndMakesItClean) {
  openPlan();
  window->plans().view().editor().swap(0, 0, 1);
  EXPECT_TRUE(document().modified());
  window->plans().saveTo(path("other.json"));
  ASSERT_TRUE(wait_for([&] { return !document().modified(); }));
  EXPECT_EQ(load_plan(folder / "other.json"), document().plan());
  EXPECT_EQ(document().file(), path("other.json"));
  window->plans().saveTo(path("no/such/folder/plan.json"));
  ASSERT_TRUE(wait_for([&] { return window->messages().level() == UserMessage::Level::Error; }));
}

TEST_F(PlanWindowTest, unsavedEditsAreOfferedAtTheNextStart) {
  openPlan();
  window->plans().view().editor().swap(0, 0, 1);
  const Plan edited = document().plan();
  window.reset();
  makeWindow();
  EXPECT_THAT(window->messages().text().toStdString(), HasSubstr("Unsaved edits of plan.json"));
  EXPECT_TRUE(document().empty());
  ASSERT_NE(button("Restore"), nullptr);
  button("Restore")->click();
  ASSERT_TRUE(wait_for([&] { return !document().empty(); }));
  EXPECT_EQ(document().plan(), edited);
  EXPECT_TRUE(document().modified());
  EXPECT_TRUE(window->messages().isHidden());
}

TEST_F(PlanWindowTest, discardedEditsAreGone) {
  openPlan();
  window->plans().view().editor().swap(0, 0, 1);
  window.reset();
  makeWindow();
  ASSERT_NE(button("Discard"), nullptr);
  button("Discard")->click();
  ASSERT_TRUE(wait_for([&] { return window->messages().isHidden(); }));
  window.reset();
  makeWindow();
  EXPECT_TRUE(window->messages().isHidden());
}

TEST_F(PlanWindowTest, theCommandsAreListed) {
  QStringList names;
  for (const Command& command : window->commands()) names << command.action->objectName();
  for (const char* name : {"plan.open", "plan.export", "plan.solve", "plan.pick_up",
                           "plan.add_replica", "plan.pin", "plan.find", "plan.zoom_fit"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST_F(PlanWindowTest, theLayoutPlanShowsTheEditorWithLoadsAndBalance) {
  openPlan();
  window->layouts().arrange(Preset::Plan);
  EXPECT_TRUE(window->layouts().dock("plan")->isVisible());
  EXPECT_FALSE(window->layouts().dock("timeline")->isVisible());
  EXPECT_FALSE(window->layouts().dock("load")->isHidden());
}

TEST_F(PlanWindowTest, heatmapAndBoardStandSideBySide) {
  window->resize(1280, 800);
  openPlan();
  window->layouts().arrange(Preset::Plan);
  const auto* load = window->layouts().dock("load");
  const auto* plan = window->layouts().dock("plan");
  ASSERT_TRUE(wait_for([&] { return plan->width() > 600; })) << plan->width();
  EXPECT_LE(load->geometry().right(), plan->geometry().left());
  EXPECT_LT(std::abs(load->geometry().bottom() - plan->geometry().bottom()), 40);
  EXPECT_GT(load->width(), 450);
  EXPECT_TRUE(wait_for(
      [&] { return !window->plans().view().board().viewport()->visibleRegion().isEmpty(); }));
  window->layouts().arrange(Preset::Analyse);
  EXPECT_TRUE(window->tabifiedDockWidgets(window->layouts().dock("plan"))
                  .contains(window->layouts().dock("load")))
      << "tabs again";
}

TEST_F(PlanWindowTest, inASmallWindowTheOtherDocksStepAsideForAPlan) {
  window->resize(1280, 800);
  window->openFiles({QStringLiteral(MOESCOPE_SOURCE_DIR "/sample-traces/plan-change.moetrace")});
  ASSERT_TRUE(wait_for([&] { return !document().empty(); }));
  window->layouts().reveal("sm");
  openPlan();
  ASSERT_TRUE(wait_for([&] { return document().file() == path("plan.json"); }));
  QApplication::processEvents();
  EXPECT_TRUE(window->layouts().dock("timeline")->isHidden());
  EXPECT_FALSE(window->layouts().dock("load")->isHidden());
  EXPECT_TRUE(wait_for(
      [&] { return !window->plans().view().board().viewport()->visibleRegion().isEmpty(); }));
}

TEST_F(PlanWindowTest, withoutAPlanTheCommandsOfTheWindowAreOffered) {
  openPlan();
  document().close();
  ASSERT_TRUE(wait_for([&] { return document().empty(); }));
  auto* view = &window->plans().view();
  for (const char* name : {"plan.new", "file.open", "plan.open", "live.record"})
    EXPECT_NE(view->findChild<QPushButton*>(QStringLiteral("planEmpty_") + name), nullptr) << name;
}

TEST_F(PlanWindowTest, whatAPlanIsPricedForIsRememberedWithItsFile) {
  openPlan();
  document().serving().choose(ServingPart::Hardware, "h200");
  write_text_file(folder / "other.json", plan_json(test::small_plan()));
  window->openFiles({path("other.json")});
  ASSERT_TRUE(wait_for([&] { return document().file() == path("other.json"); }));
  EXPECT_FALSE(document().serving().chosen(ServingPart::Hardware)) << "another document";
  window.reset();
  makeWindow();
  openPlan();
  EXPECT_EQ(document().serving().name(ServingPart::Hardware), "h200");
}

TEST_F(PlanWindowTest, aSavedPlanKeepsTheWindowsThatMadeIt) {
  QByteArray rows;
  for (int w = 0; w < 4; ++w) {
    if (w > 0) rows += '\n';
    for (int l = 0; l < 4; ++l)
      for (int e = 0; e < 16; ++e)
        rows += QByteArray::number(100 + 37 * e * (w + 1) % 90 + l) + (e < 15 ? "," : "\n");
  }
  write_text_file(folder / "loads.csv", rows.toStdString());
  window->openFiles({path("loads.csv"), path("plan.json")});
  ASSERT_TRUE(wait_for([&] { return !document().empty() && document().state().has_loads(); }));
  window->plans().view().solve(SolveAction::Full);
  ASSERT_TRUE(wait_for([&] { return !window->plans().view().solver().running(); }));
  const QString judged = document().judgement().text;
  EXPECT_EQ(judged, "made from windows 0 to 2, judged on window 3");
  window->plans().saveTo(path("solved.json"));
  ASSERT_TRUE(wait_for([&] { return !document().modified(); }));
  window.reset();
  makeWindow();
  window->openFiles({path("solved.json")});
  ASSERT_TRUE(wait_for([&] { return document().file() == path("solved.json"); }));
  EXPECT_FALSE(document().madeFrom().has_value()) << "its loads are not open";
  window->openFiles({path("loads.csv")});
  ASSERT_TRUE(wait_for([&] { return document().state().has_loads(); }));
  EXPECT_EQ(document().judgement().text, judged);
}

TEST_F(PlanWindowTest, theLayoutCompareShowsBothPlansAndTheirBalance) {
  openPlan();
  window->layouts().arrange(Preset::Compare);
  EXPECT_TRUE(window->layouts().dock("balance")->isVisible());
  EXPECT_FALSE(window->layouts().dock("load")->isVisible());
  EXPECT_TRUE(window->findChild<QWidget*>("planCompare")->isVisible());
}

}  // namespace
}  // namespace moescope
