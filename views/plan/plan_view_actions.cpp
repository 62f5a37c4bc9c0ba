// Commands of the plan editor: for the palette, the key sheet, the context menu and the keyboard.
#include <QApplication>
#include <QClipboard>
#include <algorithm>

#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/plan/board/layer_strip.h"
#include "views/plan/board/plan_board.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/edit/plan_headline.h"
#include "views/plan/plan_view.h"
#include "views/plan/problems_panel.h"

namespace moescope {

/// A command whose keys are letters: they work on the board only, so that fields can be typed in.
QAction* PlanView::addBoardAction(const QString& name, const QString& text, const QString& tip,
                                  const QList<QKeySequence>& keys, std::function<void()> run) {
  QAction* action = add_command(this, name, text, tip, keys);
  action->setShortcutContext(Qt::WidgetShortcut);
  board_->addAction(action);
  connect(action, &QAction::triggered, this, std::move(run));
  return action;
}

/// The same for the slot under the keyboard; also in the context menu.
QAction* PlanView::addSlotAction(const QString& name, const QString& text, const QString& tip,
                                 const QList<QKeySequence>& keys, std::function<void()> run) {
  QAction* action = addBoardAction(name, text, tip, keys, std::move(run));
  slot_actions_ << action;
  menu_->addAction(action);
  return action;
}

void PlanView::addActions() {
  addEditActions();
  menu_->addSeparator();
  addWalkActions();
}

void PlanView::addEditActions() {
  addSlotAction("plan.pick_up", tr("&Move with the keyboard"),
                tr("Pick the slot up: arrow keys move it, Return swaps, Ctrl+Return copies, Escape "
                   "cancels"),
                {QKeySequence("M")}, [this] { board_->pickUp(); });
  addSlotAction("plan.put_expert", tr("&Put expert…"),
                tr("Type the number of the expert for this slot"),
                {QKeySequence("E"), QKeySequence("F2")}, [this] { board_->enterExpert(); });
  addSlotAction("plan.swap", tr("&Swap the two slots"),
                tr("Exchange the experts of the two selected slots"), {QKeySequence("S")},
                [this] { swapSelected(); });
  addSlotAction("plan.add_replica", tr("&Add replica"),
                tr("One more replica of this expert, where it lowers the heaviest GPU most"),
                {QKeySequence("R"), QKeySequence("+")}, [this] { addReplica(); });
  mark_destructive(
      addSlotAction("plan.remove_replica", tr("&Remove replica"),
                    tr("Give the slot to the expert that needs a replica most; the last replica of "
                       "an expert stays"),
                    {QKeySequence::Delete, QKeySequence("-")}, [this] { removeReplicas(); }));
  menu_->addSeparator();
  pin_ = addSlotAction("plan.pin", tr("&Pin slot"),
                       tr("A pinned slot keeps its expert, whatever is edited or solved"),
                       {QKeySequence("P")}, [this] { togglePins(); });
  forbid_ = addSlotAction(
      "plan.forbid", tr("&Forbid this expert on this GPU"),
      tr("A forbidden expert does not come to this GPU, whatever is edited or solved"),
      {QKeySequence("X")}, [this] { toggleForbidden(); });
  fail_ = mark_destructive(addSlotAction(
      "plan.fail", tr("Mark GPU as &failed"),
      tr("A failed GPU holds nothing; solve a migration to give its experts new places"), {},
      [this] { toggleFailed(); }));
}

void PlanView::addWalkActions() {
  const auto add = [this](const QString& name, const QString& text, const QString& tip,
                          const QList<QKeySequence>& keys, auto run) {
    QAction* action = add_command(this, name, text, tip, keys);
    connect(action, &QAction::triggered, this, run);
    return action;
  };
  add("plan.find", tr("&Find expert"), tr("Type the number of an expert to go to its replicas"),
      {QKeySequence("Ctrl+P")}, [this] {
        find_->setFocus(Qt::ShortcutFocusReason);
        find_->selectAll();
      });
  QAction* next =
      add("plan.next_replica", tr("&Next replica"), tr("Go to the next replica of the same expert"),
          {QKeySequence("Ctrl+G")}, [this] { board_->findExpert(board_->currentExpert()); });
  slot_actions_ << next;
  menu_->addAction(next);
  addBoardAction("plan.select_all", tr("Select &all slots"), tr("Select all slots of the layer"),
                 {QKeySequence::SelectAll}, [this] { board_->selectAll(); });
  add("plan.previous_layer", tr("Previous layer"), tr("Show the layer before"),
      {QKeySequence("Ctrl+PgUp")}, [this] { setLayer(layer() - 1); });
  add("plan.next_layer", tr("Next layer"), tr("Show the layer after"),
      {QKeySequence("Ctrl+PgDown")}, [this] { setLayer(layer() + 1); });
  add("plan.worst_layer", tr("&Worst layer"), tr("Show the layer with the highest imbalance"),
      {QKeySequence("Ctrl+J")}, [this] {
        int worst = -1;
        double most = 0;
        for (int l = 0; !document_.empty() && l < document_.plan().layers(); ++l)
          if (const auto v = document_.state().figures(l).imbalance(); v && *v > most)
            most = *v, worst = l;
        if (worst >= 0) setLayer(worst);
      });
  add("plan.zoom_in", tr("Zoom in"), tr("Larger slots (Ctrl+wheel)"), {QKeySequence::ZoomIn},
      [this] { board_->setZoom(board_->zoom() * 1.2); });
  add("plan.zoom_out", tr("Zoom out"), tr("Smaller slots (Ctrl+wheel)"), {QKeySequence::ZoomOut},
      [this] { board_->setZoom(board_->zoom() / 1.2); });
  addBoardAction(
      "plan.zoom_fit", tr("Fit the board"),
      tr("Fill the room with the board; nodes are folded where slots would be too small"),
      {QKeySequence("F")}, [this] { board_->zoomToFit(); });
  addBoardAction(
      "plan.fold_node", tr("Fold or open the node"),
      tr("The node of the slot with the keyboard, on a board whose nodes are folded"),
      {QKeySequence("Z")}, [this] {
        if (!board_->shown() || board_->current() < 0) return;
        const BoardShape& shape = board_->boardLayout().shape();
        board_->toggleNode(board_->current() / shape.slots_per_gpu / shape.gpus_per_node());
      });
  add("plan.copy_problems", tr("Copy problems as CSV"),
      tr("All problems of the plan with layer and slot"), {},
      [this] { QApplication::clipboard()->setText(problems_->csv()); });
  add("plan.copy_comparison", tr("Copy comparison as CSV"),
      tr("Before, after, bound and copies of every layer"), {},
      [this] { QApplication::clipboard()->setText(compare_->csv()); });
}

void PlanView::updateActions() {
  const bool slot = board_->shown() && board_->current() >= 0;
  for (QAction* action : slot_actions_) {
    const QString name = action->objectName();
    action->setEnabled(slot && (name != "plan.swap" || board_->selected().size() == 2));
  }
  nameToggles(slot);
  const QString title = boardTitle();
  heading_->setText(narrow_ ? title.section(QLatin1Char(';'), 0, 0) : title);
  heading_->setToolTip(title);
  const PlanHeadline parts = plan_headline(document_, palette());
  headline_->setParts(parts.figures, parts.of);
  headline_->setToolTip(
      tr("Max / mean GPU load of each layer, mean over the layers: of the plan before, of the plan "
         "as it is, and what no plan with as many slots can be better than. Judged by the sum of "
         "the windows that are named, without those that the plan was made from where others are "
         "left; other views that show the imbalance of this plan show this figure.") +
      QStringLiteral("<br><br>") + headline_->whole());
  headline_->setVisible(!parts.figures.isEmpty());
}

/// Toggling commands show what they would do now.
void PlanView::nameToggles(bool slot) {
  const PlanConstraints& made = document_.empty() ? PlanConstraints() : document_.constraints();
  const int row = layer(), at = board_->current(), expert = board_->currentExpert();
  const int gpu = slot ? at / document_.state().slots_per_gpu(row) : -1;
  const auto& chosen = board_->selected();
  const bool pinned =
      slot && (chosen.empty() ? made.is_pinned(row, at)
                              : std::all_of(chosen.begin(), chosen.end(),
                                            [&](int s) { return made.is_pinned(row, s); }));
  pin_->setText(pinned ? tr("Un&pin slot") : tr("&Pin slot"));
  const bool forbidden = slot && expert >= 0 && made.is_forbidden(row, gpu, expert);
  forbid_->setText(forbidden ? tr("&Allow this expert on this GPU")
                             : tr("&Forbid this expert on this GPU"));
  const bool failed = slot && document_.plan().dead(gpu);
  fail_->setText(!slot    ? tr("Mark GPU as &failed")
                 : failed ? tr("Mark GPU %1 as a&live").arg(gpu)
                          : tr("Mark GPU %1 as &failed").arg(gpu));
}

void PlanView::showMenu(const QPoint& global) {
  menu_->popup(global);
}

void PlanView::swapSelected() {
  const auto& slots = board_->selected();
  if (slots.size() == 2) editor_.swap(layer(), slots[0], slots[1]);
}

void PlanView::addReplica() {
  const int expert = board_->currentExpert();
  if (expert < 0) return;
  if (const int slot = editor_.addReplica(layer(), expert); slot >= 0) board_->select(slot);
}

void PlanView::removeReplicas() {
  editor_.removeReplicas(layer(), board_->selected().empty() ? std::vector<int>{board_->current()}
                                                             : board_->selected());
}

void PlanView::togglePins() {
  editor_.togglePins(layer(), board_->selected().empty() ? std::vector<int>{board_->current()}
                                                         : board_->selected());
}

void PlanView::toggleForbidden() {
  if (board_->currentExpert() < 0) return;
  editor_.toggleForbidden(layer(), board_->current() / document_.state().slots_per_gpu(layer()),
                          board_->currentExpert());
}

void PlanView::toggleFailed() {
  const int gpu = board_->current() / document_.state().slots_per_gpu(layer());
  editor_.setFailed(gpu, !document_.plan().dead(gpu));
}

}  // namespace moescope
