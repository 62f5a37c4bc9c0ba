// The first steps of the start page, from drifting loads to a better plan, with a real runtime.
#include "app/window/docks/plan_window.h"
#include "app/window/live/guide_panel.h"
#include "core/files.h"
#include "core/placement/engines/engine.h"
#include "core/placement/validate.h"
#include "tests/gui/live/runtime_window.h"
#include "tests/support/engine_forms.h"
#include "views/cluster/cluster_view.h"
#include "views/common/units.h"
#include "views/plan/engine_dialogs.h"

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
  /// What the last step exports, by its button and the dialog that it opens, as SGLang reads it.
  Plan exported(const QString& file) const {
    press(guide(), "guideDo");
    auto* dialog = window->findChild<ExportPlanDialog*>("exportPlanDialog");
    if (dialog == nullptr) throw Error("the guide", "", "did not open the export");
    EXPECT_EQ(dialog->findChild<QComboBox*>("exportPlanEngine")->currentText().left(6), "SGLang");
    dialog->findChild<QLineEdit*>("exportPlanFile")->setText(file);
    auto* buttons = dialog->findChild<QDialogButtonBox*>();
    buttons->button(QDialogButtonBox::Save)->click();
    EXPECT_TRUE(wait_for([dialog] { return !dialog->busy(); }));
    EXPECT_THAT(dialog->result().toStdString(), HasSubstr("read back and found equal"));
    EXPECT_THAT(dialog->launch().toStdString(),
                HasSubstr("--init-expert-location " + file.toStdString()));
    dialog->close();
    ImportShape shape;
    shape.gpus = window->loads().plan()->num_gpus;
    shape.nodes = window->loads().plan()->num_nodes;
    return import_plan(read_text_file(file.toStdString(), std::size_t{1} << 24),
                       test::form("sglang"), shape, file.toStdString());
  }
};

TEST_F(LiveTour, LeadsFromDriftingLoadsToABetterPlan) {
  action("help.guide")->trigger();
  ASSERT_TRUE(guide().running());
  ASSERT_TRUE(wait_for([this] { return !guide().visibleRegion().isEmpty(); })) << "in sight";
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
  const PlanCopies moves = window->plans().document().moves();
  EXPECT_EQ(moves.units, 2);
  EXPECT_THAT(
      panel().text().toStdString(),
      testing::AllOf(
          HasSubstr(format_count(static_cast<quint64>(moves.copies_in_all())).toStdString() +
                    " copies"),
          HasSubstr(format_bytes(static_cast<quint64>(*moves.bytes_in_all())).toStdString())))
      << "what Compare shows for the same change";
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
  const std::string text = guide().findChild<QLabel*>("guideText")->text().toStdString();
  EXPECT_THAT(text, HasSubstr("was predicted"));
  press(guide(), "guideDo");
  press(guide(), "guideNext");
  ASSERT_EQ(guide().step(), 5);
  const Plan running = *window->loads().plan();
  EXPECT_FALSE(window->live().planDiffers()) << "the plan in the window is the one that runs";
  const Plan sglang = exported(folder.filePath("plan.json"));
  EXPECT_FALSE(has_errors(validate_plan(sglang)));
  for (int l = 0; l < running.layers(); ++l) {
    const auto in_file = static_cast<std::size_t>(running.layer_id(l));
    ASSERT_LT(in_file, sglang.physical_to_logical.size());
    EXPECT_EQ(sglang.physical_to_logical[in_file],
              running.physical_to_logical[static_cast<std::size_t>(l)])
        << "layer " << in_file;
  }
  press(guide(), "guideNext");
  EXPECT_FALSE(guide().running());
}

}  // namespace
}  // namespace moescope::test
