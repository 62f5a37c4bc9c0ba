// A dock behind tabs has its title there alone.
#include "app/window/docks/tab_titles.h"

#include <gtest/gtest.h>

#include <QLabel>
#include <QMenu>
#include <QTabBar>
#include <QTest>

#include "tests/gui/wait_for.h"

namespace moescope {
namespace {

using test::wait_for;

struct TabTitlesTest : testing::Test {
  TabTitlesTest() {
    for (QDockWidget* dock : {one, other}) {
      dock->setWidget(new QLabel(dock->windowTitle(), dock));
      window.addDockWidget(Qt::BottomDockWidgetArea, dock);
      titles.add(*dock);
    }
    window.resize(600, 400);
    window.show();
  }
  static int title_height(const QDockWidget& dock) {
    return dock.widget()->mapTo(&dock, QPoint()).y();
  }
  QMainWindow window;
  QDockWidget* one = new QDockWidget("Load", &window);
  QDockWidget* other = new QDockWidget("Plan", &window);
  TabTitles titles{window};
};

TEST_F(TabTitlesTest, ATitleIsShownWhereNoTabShowsIt) {
  QTest::qWait(20);
  EXPECT_GT(title_height(*one), 10) << "they stand side by side";
  window.tabifyDockWidget(one, other);
  one->raise();
  ASSERT_TRUE(wait_for([&] { return title_height(*one) <= 2; }));
  other->raise();
  EXPECT_TRUE(wait_for([&] { return title_height(*other) <= 2; }));
  other->setFloating(true);
  EXPECT_TRUE(wait_for([&] { return title_height(*other) > 10 && title_height(*one) > 10; }))
      << "neither has a tab now";
  other->setFloating(false);
  EXPECT_TRUE(wait_for([&] { return title_height(*other) <= 2; }));
  other->hide();
  EXPECT_TRUE(wait_for([&] { return title_height(*one) > 10; })) << "the tab went with the other";
}

TEST_F(TabTitlesTest, TheMenuOfATabFloatsAndHides) {
  window.tabifyDockWidget(one, other);
  QTest::qWait(20);
  auto* tabs = window.findChild<QTabBar*>(QString(), Qt::FindDirectChildrenOnly);
  ASSERT_TRUE(tabs);
  const auto choose = [&](int tab, const QString& text) {
    Q_EMIT tabs->customContextMenuRequested(tabs->tabRect(tab).center());
    for (auto* menu : window.findChildren<QMenu*>())
      for (QAction* action : menu->actions())
        if (action->text() == text) {
          action->trigger();
          menu->close();
          return true;
        }
    return false;
  };
  ASSERT_TRUE(choose(1, "Float Plan"));
  EXPECT_TRUE(other->isFloating());
  other->setFloating(false);
  QTest::qWait(20);
  ASSERT_TRUE(choose(0, "Hide Load"));
  EXPECT_TRUE(one->isHidden());
}

}  // namespace
}  // namespace moescope
