// Commands in the box of the tool bar: what Return runs, and what it never runs.
#include <gmock/gmock.h>

#include <QAction>
#include <QSettings>
#include <QTest>
#include <set>

#include "app/window/docks/plan_window.h"
#include "app/window/main_window.h"
#include "core/files.h"
#include "tests/gui/plan/plan_fixture.h"
#include "tests/gui/wait_for.h"
#include "tests/support/temp_folder.h"
#include "views/common/destructive_action.h"
#include "views/shell/omnibox.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Ranking : public testing::Test {
 protected:
  QAction* add(const QString& group, const QString& text) {
    auto* action = new QAction(text, &owner_);
    commands.append({action, group, {}});
    return action;
  }
  std::vector<std::string> ranked(const QString& pattern) const {
    std::vector<std::string> names;
    for (const qsizetype i : rank_commands(pattern, commands))
      names.push_back(command_name(commands[i]).toStdString());
    return names;
  }
  CommandList commands;

 private:
  QObject owner_;
};

TEST_F(Ranking, TheNameGoesBeforeItsStartAWordAPartAndScatteredLetters) {
  add("View", "Put lanes on top");  // p, l, a, n in order
  add("Edit", "Explanation");
  add("Plan", "&New plan from loads…");
  add("Plan", "Planner");
  add("Go to", "&Plan");
  add("Timeline", "Zoom in");
  EXPECT_THAT(ranked("plan"), ElementsAre("Plan", "Planner", "New plan from loads", "Explanation",
                                          "Put lanes on top"));
  EXPECT_THAT(ranked("timeline zoom"), ElementsAre("Zoom in")) << "the group counts as well";
  EXPECT_THAT(ranked("xyz"), testing::IsEmpty());
}

TEST_F(Ranking, WhatTakesSomethingAwayComesLastEvenWhenItFitsBest) {
  mark_destructive(add("Edit", "Undo"));
  mark_destructive(add("Edit", "Undo Full plan"));
  add("Plan", "Full plan");
  add("Help", "Unusual documents");
  EXPECT_THAT(ranked("undo"), ElementsAre("Unusual documents", "Undo", "Undo Full plan"));
  EXPECT_THAT(ranked("full plan"), ElementsAre("Full plan", "Undo Full plan"));
  EXPECT_EQ(ranked("").front(), "Full plan");
}

TEST_F(Ranking, CommandsThatCannotRunAreNotListed) {
  add("Plan", "Save plan")->setEnabled(false);
  EXPECT_THAT(ranked("save"), testing::IsEmpty());
  EXPECT_EQ(disabled_command("save", commands), 0) << "said instead";
  add("Plan", "Save as");
  EXPECT_EQ(disabled_command("save as", commands), -1);
}

class PaletteTest : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    QDir(PlanAutosave::defaultFolder()).removeRecursively();
    write_text_file(folder_ / "plan.json", plan_json(test::small_plan()));
    window = std::make_unique<MainWindow>(WindowServices());
    window->show();
    window->openFiles({QString::fromStdString((folder_ / "plan.json").string())});
    ASSERT_TRUE(wait_for([this] { return !document().empty(); }));
    window->plans().view().editor().swap(0, 0, 1);
    window->plans().view().board().setFocus();
  }
  void TearDown() override {
    window.reset();
    QDir(PlanAutosave::defaultFolder()).removeRecursively();
  }
  PlanDocument& document() { return window->plans().document(); }
  Omnibox& type(const QString& text) {
    window->showPalette();
    auto* box = window->findChild<Omnibox*>("omnibox");
    QTest::keyClicks(box, text);
    return *box;
  }

  std::unique_ptr<MainWindow> window;

 private:
  test::TempFolder folder_;
};

TEST_F(PaletteTest, PlanAndReturnGoesToThePlanAndKeepsIt) {
  const Plan edited = document().plan();
  ASSERT_NE(edited, test::small_plan());
  window->layouts().dock("plan")->hide();
  Omnibox& box = type("Plan");
  EXPECT_THAT(box.choices()->list().currentItem()->text().toStdString(),
              StartsWith("Go to:  Plan"));
  QTest::keyClick(&box, Qt::Key_Return);
  ASSERT_TRUE(wait_for([this] { return window->layouts().dock("plan")->isVisible(); }));
  EXPECT_EQ(document().plan(), edited);
  // Once more, with the dock in sight: it is not hidden by that.
  QTest::keyClick(&type("Plan"), Qt::Key_Return);
  QTest::qWait(50);
  EXPECT_TRUE(window->layouts().dock("plan")->isVisible());
  EXPECT_EQ(document().plan(), edited);
}

TEST_F(PaletteTest, UndoRunsOnlyWhenItWasChosen) {
  const Plan edited = document().plan();
  Omnibox& box = type("undo swap");
  const ChoiceList& choices = *box.choices();
  EXPECT_EQ(choices.list().currentItem(), nullptr);
  EXPECT_TRUE(choices.findChild<QLabel*>("paletteHint")->isVisible());
  QTest::keyClick(&box, Qt::Key_Return);
  QTest::qWait(50);
  EXPECT_EQ(document().plan(), edited);
  EXPECT_TRUE(choices.isVisible()) << "nothing was run";
  QTest::keyClick(&box, Qt::Key_Down);
  ASSERT_NE(choices.list().currentItem(), nullptr);
  EXPECT_THAT(choices.list().currentItem()->text().toStdString(), HasSubstr("Undo Swap"));
  QTest::keyClick(&box, Qt::Key_Return);
  EXPECT_TRUE(wait_for([this] { return document().plan() == test::small_plan(); }));
}

TEST_F(PaletteTest, WhateverIsTypedNothingDestructiveIsTheDefault) {
  for (const Command& command : window->commands()) {
    const auto ranked = rank_commands(command_name(command), window->commands());
    if (ranked.isEmpty()) continue;  // cannot run now
    const CommandList all = window->commands();
    bool destructive = false;
    for (const qsizetype i : ranked) {
      EXPECT_FALSE(destructive && !is_destructive(*all[i].action))
          << command_name(all[i]).toStdString() << " stands below what takes something away";
      destructive = is_destructive(*all[i].action);
    }
  }
  for (const char* name : {"edit.undo", "edit.redo", "file.close", "file.quit", "plan.close",
                           "live.stop", "live.roll_back", "plan.remove_replica", "plan.fail"}) {
    const auto* action = window->findChild<QAction*>(QLatin1String(name));
    ASSERT_NE(action, nullptr) << name;
    EXPECT_TRUE(is_destructive(*action)) << name;
  }
}

TEST_F(PaletteTest, NoCommandIsListedTwice) {
  std::set<QString> seen;
  for (const Command& command : window->commands()) {
    const QString text = command.group + ": " + command_name(command);
    EXPECT_TRUE(seen.insert(text).second) << text.toStdString();
  }
}

TEST_F(PaletteTest, AWordThatGoesToAndFroIsNamedByWhatItWouldDo) {
  for (const Command& command : window->commands())
    EXPECT_FALSE(command_name(command).contains(" or un") ||
                 command_name(command).contains(" or alive") ||
                 command_name(command).contains(" or allow"))
        << command_name(command).toStdString();
}

}  // namespace
}  // namespace moescope
