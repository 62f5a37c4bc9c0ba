// The first steps of the start page, from drifting loads to a better plan, with a real runtime.
#include "app/window/guide_panel.h"
#include "tests/gui/runtime_window.h"
#include "views/cluster/cluster_view.h"

namespace moescope::test {
namespace {

using testing::HasSubstr;
using Step = ApplyPanel::Step;

class LiveTour : public RuntimeWindow {
 protected:
  QAction* action(const char* name) const { return window->findChild<QAction*>(name); }
  GuidePanel& guide() const { return *window->findChild<GuidePanel*>(); }
  ApplyPanel& panel() const { return window->live().clusterView().applyPanel(); }
  void press(QWidget& parent, const char* button) const {
    auto* found = parent.findChild<QPushButton*>(QLatin1String(button));
    ASSERT_NE(found, nullptr) << button;
    ASSERT_TRUE(found->isEnabled()) << button;
    found->click();
  }
};

TEST_F(LiveTour, LeadsFromDriftingLoadsToABetterPlan) {
  action("help.guide")->trigger();
  ASSERT_TRUE(guide().running());
  ASSERT_TRUE(wait_for([this] {
    return window->loads().loads() && window->loads().loads()->windows.size() >= 4 &&
           window->loads().plan() && live().state().status;
  })) << live().state().reason.toStdString();
  press(guide(), "guideDo");
  EXPECT_FALSE(window->layouts().dock("load")->isHidden());
  press(guide(), "guideNext");

  ASSERT_EQ(guide().step(), 1);
  press(guide(), "guideDo");
  ASSERT_TRUE(wait_for([this] { return guide().step() == 2; })) << "solved";
  EXPECT_TRUE(window->live().planDiffers());
  press(guide(), "guideDo");
  press(guide(), "guideNext");

  ASSERT_EQ(guide().step(), 3);
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Ready; }));
  press(guide(), "guideDo");
  ASSERT_TRUE(wait_for([this] { return panel().step() == Step::Confirm; }));
  press(panel(), "applyNow");
  ASSERT_TRUE(wait_for([this] { return guide().step() == 4; })) << panel().text().toStdString();
  EXPECT_THAT(panel().text().toStdString(), HasSubstr("Verified"));
  auto* effect = panel().findChild<QTableWidget*>("applyEffect");
  const auto known = [effect](int row) {
    for (int column = 1; column < 4; ++column)
      if (effect->item(row, column)->text() == QString(QChar(0x2013))) return false;
    return true;
  };
  ASSERT_TRUE(wait_for([&] {
    if (effect->rowCount() < 4) return false;
    return known(0) && known(1) && known(2) && known(3);
  })) << "imbalance, step and traffic: before, predicted and measured";
  const std::string told = guide().findChild<QLabel*>("guideText")->text().toStdString();
  EXPECT_THAT(told, HasSubstr("was predicted"));
  press(guide(), "guideDo");
  press(guide(), "guideNext");
  EXPECT_EQ(guide().step(), 5);
  EXPECT_TRUE(action("plan.export")->isEnabled());
  press(guide(), "guideNext");
  EXPECT_FALSE(guide().running());
}

}  // namespace
}  // namespace moescope::test
