// A small plan with loads in the editor, and hands that drag and type.
#pragma once

#include <QApplication>
#include <QMouseEvent>
#include <QTest>
#include <memory>

#include "tests/support/load_generator.h"
#include "views/plan/board/plan_board.h"
#include "views/plan/plan_view.h"
#include "views/workspace/workspace.h"

namespace moescope::test {

inline LoadsPtr plan_loads(int layers = 4, int experts = 16, int windows = 2) {
  auto loads = std::make_shared<LoadSet>();
  loads->source = "loads.json";
  loads->format = "test";
  loads->experts = experts;
  for (int w = 0; w < windows; ++w)
    loads->windows.push_back(r1_loads(w + 1, 0, layers, experts, 20000));
  return loads;
}

/// 4 GPUs of 5 slots on 2 nodes, 16 experts in order and then the first four again.
inline Plan small_plan(int layers = 4) {
  Plan plan{
      .num_gpus = 4, .num_nodes = 2, .num_groups = 2, .num_experts = 16, .physical_to_logical = {}};
  for (int l = 0; l < layers; ++l) {
    auto& row = plan.physical_to_logical.emplace_back();
    for (int s = 0; s < 20; ++s) row.push_back(s % 16);
  }
  return plan;
}

struct PlanFixture : public testing::Test {
  void SetUp() override {
    loads.setLoads(plan_loads(), {"loads.json"});
    document->open(small_plan(), {}, {}, "test plan");
    view = std::make_unique<PlanView>(*document, selection);
    view->resize(1300, 760);
    view->show();
    board = &view->board();
    view->activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(view.get()));
    board->setFocus();
    QApplication::processEvents();
  }

  int expert(int slot, int layer = 0) const {
    return slot_value(document->plan(), layer, slot).expert;
  }
  std::vector<int> row(int layer = 0) const {
    return document->plan().physical_to_logical[static_cast<std::size_t>(layer)];
  }
  QPoint center(int slot) const { return board->slotRect(slot).center(); }
  void mouse(QEvent::Type type, QPoint at, Qt::KeyboardModifiers modifiers = Qt::NoModifier,
             bool down = true) {
    const auto button = type == QEvent::MouseMove ? Qt::NoButton : Qt::LeftButton;
    QMouseEvent event(type, QPointF(at), QPointF(board->viewport()->mapToGlobal(at)), button,
                      down ? Qt::LeftButton : Qt::NoButton, modifiers);
    QApplication::sendEvent(board->viewport(), &event);
  }
  /// Press on one slot, move in steps over another, without the release.
  void dragOver(int from, int to, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    const QPoint start = center(from), end = center(to);
    mouse(QEvent::MouseButtonPress, start);
    for (int step = 1; step <= 4; ++step)
      mouse(QEvent::MouseMove, start + (end - start) * step / 4, modifiers);
  }
  void drop(int at, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    mouse(QEvent::MouseButtonRelease, center(at), modifiers, false);
  }
  void click(int slot, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    mouse(QEvent::MouseButtonPress, center(slot), modifiers);
    mouse(QEvent::MouseButtonRelease, center(slot), modifiers, false);
  }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QTest::keyClick(board, key, modifiers);
  }
  void trigger(const char* name) {
    for (QAction* action : view->actions())
      if (action->objectName() == QLatin1String(name)) {
        ASSERT_TRUE(action->isEnabled()) << name;
        return action->trigger();
      }
    FAIL() << "no action " << name;
  }
  template <typename T>
  T* find(const QString& name) const {
    T* found = view->findChild<T*>(name);
    EXPECT_NE(found, nullptr) << name.toStdString();
    return found;
  }
  double imbalance(int layer = 0) const { return *document->state().figures(layer).imbalance(); }

  Workspace workspace;
  LoadDocument& loads = workspace.loads();
  Selection& selection = workspace.selection();
  PlanDocument* document = &workspace.plan();
  std::unique_ptr<PlanView> view;
  PlanBoard* board = nullptr;
};

}  // namespace moescope::test
