#include "views/plan/board/plan_board_accessible.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <algorithm>
#include <map>

#include "views/plan/board/plan_board.h"

namespace moescope {
namespace {

/// One slot of the shown layer.
class AccessibleSlot : public QAccessibleInterface, public QAccessibleActionInterface {
 public:
  AccessibleSlot(PlanBoard* board, int slot) : board_(board), slot_(slot) {}

  bool isValid() const override {
    return board_ && board_->shown() && slot_ < board_->boardLayout().shape().slot_count();
  }
  QObject* object() const override { return nullptr; }
  QAccessibleInterface* parent() const override {
    return QAccessible::queryAccessibleInterface(board_.data());
  }
  QAccessibleInterface* child(int) const override { return nullptr; }
  QAccessibleInterface* childAt(int, int) const override { return nullptr; }
  int childCount() const override { return 0; }
  int indexOfChild(const QAccessibleInterface*) const override { return -1; }
  QAccessible::Role role() const override { return QAccessible::Cell; }
  void setText(QAccessible::Text, const QString&) override {}
  QString text(QAccessible::Text kind) const override {
    if (!isValid()) return {};
    if (kind == QAccessible::Name) return slot_text(board_->picture(), slot_);
    if (kind == QAccessible::Description)
      return gpu_text(board_->picture(), slot_ / board_->boardLayout().shape().slots_per_gpu);
    return {};
  }
  QAccessible::State state() const override {
    QAccessible::State state;
    if (!isValid()) {
      state.invalid = true;
      return state;
    }
    const auto& selected = board_->selected();
    state.focusable = state.selectable = state.multiSelectable = true;
    state.selected = std::binary_search(selected.begin(), selected.end(), slot_);
    state.focused = board_->hasFocus() && board_->current() == slot_;
    state.offscreen = !board_->viewport()->rect().intersects(board_->slotRect(slot_));
    return state;
  }
  QRect rect() const override {
    if (!isValid()) return {};
    const QRect box = board_->slotRect(slot_);
    return {board_->viewport()->mapToGlobal(box.topLeft()), box.size()};
  }
  void* interface_cast(QAccessible::InterfaceType type) override {
    return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this)
                                                : nullptr;
  }
  QStringList actionNames() const override {
    return isValid() ? QStringList{pressAction()} : QStringList{};
  }
  void doAction(const QString& name) override {
    if (isValid() && name == pressAction()) board_->select(slot_);
  }
  QStringList keyBindingsForAction(const QString&) const override { return {}; }

 private:
  QPointer<PlanBoard> board_;
  int slot_;
};

class AccessibleBoard : public QAccessibleWidget {
 public:
  explicit AccessibleBoard(PlanBoard* board)
      : QAccessibleWidget(board, QAccessible::Table), board_(board) {}
  ~AccessibleBoard() override {
    for (const auto& [slot, id] : ids_) QAccessible::deleteAccessibleInterface(id);
  }

  int childCount() const override {
    return board_->shown() ? board_->boardLayout().shape().slot_count() : 0;
  }
  QAccessibleInterface* child(int index) const override {
    if (index < 0 || index >= childCount()) return nullptr;
    const auto found = ids_.find(index);
    if (found != ids_.end()) return QAccessible::accessibleInterface(found->second);
    auto* made = new AccessibleSlot(board_, index);
    ids_[index] = QAccessible::registerAccessibleInterface(made);
    return made;
  }
  QAccessibleInterface* childAt(int x, int y) const override {
    return child(board_->slotAt(board_->viewport()->mapFromGlobal(QPoint(x, y))));
  }
  QAccessibleInterface* focusChild() const override { return child(board_->current()); }
  int indexOfChild(const QAccessibleInterface* child) const override {
    for (const auto& [slot, id] : ids_)
      if (QAccessible::accessibleInterface(id) == child) return slot;
    return -1;
  }

 private:
  PlanBoard* board_;
  mutable std::map<int, QAccessible::Id> ids_;
};

QAccessibleInterface* make_accessible(const QString&, QObject* object) {
  auto* board = qobject_cast<PlanBoard*>(object);
  return board != nullptr ? new AccessibleBoard(board) : nullptr;
}

}  // namespace

void install_plan_accessibility() {
  static const bool installed = [] {
    QAccessible::installFactory(make_accessible);
    return true;
  }();
  (void)installed;
}

void notify_slot_focus(PlanBoard* board, int slot) {
  if (!QAccessible::isActive()) return;
  QAccessibleEvent event(board, QAccessible::Focus);
  event.setChild(slot);
  QAccessible::updateAccessibility(&event);
}

}  // namespace moescope
