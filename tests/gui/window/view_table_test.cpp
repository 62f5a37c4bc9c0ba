// The table of views and the registry of actions: what the window makes from them.
#include <gmock/gmock.h>

#include <QSettings>
#include <set>

#include "app/window/main_window.h"
#include "app/window/menus.h"
#include "views/views.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

std::vector<std::string> shown_by(Preset preset) {
  std::vector<std::string> ids;
  for (const ViewSpec& view : all_views())
    if (view.shown_in.testFlag(preset)) ids.push_back(view.id.toStdString());
  return ids;
}

TEST(ViewTable, EveryViewHasOneWordAndEveryPresetAFrontView) {
  std::set<QString> seen;
  for (const ViewSpec& view : all_views()) {
    EXPECT_TRUE(is_action_id("go." + view.id)) << view.id.toStdString();
    EXPECT_TRUE(seen.insert(view.id).second) << view.id.toStdString();
    EXPECT_FALSE(view.title.isEmpty()) << view.id.toStdString();
  }
  for (const Preset preset : {Preset::Analyse, Preset::Live, Preset::Plan, Preset::Compare}) {
    int front = 0;
    for (const ViewSpec& view : all_views())
      front += view.front_in.testFlag(preset) && view.shown_in.testFlag(preset) ? 1 : 0;
    EXPECT_EQ(front, 1) << static_cast<int>(preset);
  }
}

TEST(ViewTable, PresetsShowWhatTheirWorkNeeds) {
  EXPECT_EQ(shown_by(Preset::Plan),
            (std::vector<std::string>{"load", "balance", "plan", "whatif"}));
  EXPECT_EQ(shown_by(Preset::Compare), (std::vector<std::string>{"balance", "plan"}));
  EXPECT_THAT(shown_by(Preset::Live), IsSupersetOf({"cluster", "requests", "timeline", "sm",
                                                    "overlap", "load", "balance", "plan"}));
  EXPECT_THAT(shown_by(Preset::Live), Not(Contains("tree")));
  EXPECT_EQ(shown_by(Preset::Analyse).size(), all_views().size() - 2) << "all but what is live";
}

TEST(ActionIds, HaveOneForm) {
  for (const char* good : {"file.open", "edit.add_note", "plan.zoom_fit", "go.sm"})
    EXPECT_TRUE(is_action_id(good)) << good;
  for (const char* bad : {"", "open", "edit.addNote", "smCopyPairs", "a.b.c", "file.", ".open"})
    EXPECT_FALSE(is_action_id(bad)) << bad;
}

class Registry : public testing::Test {
 protected:
  void SetUp() override {
    QSettings().clear();
    window = std::make_unique<MainWindow>(WindowServices());
  }
  std::unique_ptr<MainWindow> window;
};

TEST_F(Registry, EveryCommandOfTheWindowHasAnIdOfThatForm) {
  for (const Command& command : window->commands()) {
    const QString id = command.action->objectName();
    // Recent files and the user's own layouts are named by the user.
    if (id.isEmpty() || id.startsWith("theme.")) continue;
    EXPECT_TRUE(is_action_id(id)) << qPrintable(id);
  }
}

TEST_F(Registry, EveryRegisteredActionCanBeReachedFromAMenuOrThePalette) {
  std::set<const QAction*> reachable;
  for (const Command& command : window->commands()) reachable.insert(command.action);
  for (const QString& id : window->actionRegistry().ids())
    EXPECT_TRUE(reachable.contains(window->actionRegistry().find(id))) << qPrintable(id);
}

TEST_F(Registry, EveryViewIsADockThatCanBeGoneTo) {
  for (const ViewSpec& view : all_views()) {
    ASSERT_NE(window->layouts().dock(view.id), nullptr) << qPrintable(view.id);
    EXPECT_THAT(window->actionRegistry().ids(), Contains("go." + view.id));
  }
}

TEST_F(Registry, AnUnknownOrDisabledActionIsNotRun) {
  const ActionRegistry& actions = window->actionRegistry();
  EXPECT_EQ(actions.find("file.no_such"), nullptr);
  actions.trigger("file.no_such");
  int runs = 0;
  QAction* save = actions.find("file.save_as");
  QObject::connect(save, &QAction::triggered, save, [&runs] { ++runs; });
  actions.trigger("file.save_as");
  EXPECT_EQ(runs, 0) << "nothing is open that could be saved";
}

}  // namespace
}  // namespace moescope
