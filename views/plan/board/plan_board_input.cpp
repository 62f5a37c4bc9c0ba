// Mouse and keys of the plan board: select, drag (swap, with Ctrl copy), carry by keys.
#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "views/plan/board/plan_board.h"

namespace moescope {

void PlanBoard::click(int slot, Qt::KeyboardModifiers modifiers) {
  auto slots = selected_;
  if (modifiers & Qt::ShiftModifier && anchor_ >= 0) {
    slots.clear();
    for (int s = std::min(anchor_, slot); s <= std::max(anchor_, slot); ++s) slots.push_back(s);
  } else if (modifiers & Qt::ControlModifier) {
    const auto at = std::find(slots.begin(), slots.end(), slot);
    if (at != slots.end())
      slots.erase(at);
    else
      slots.push_back(slot);
    anchor_ = slot;
  } else {
    slots = {slot};
    anchor_ = slot;
  }
  setSelection(std::move(slots), slot);
}

void PlanBoard::mousePressEvent(QMouseEvent* event) {
  if (!shown() || event->button() != Qt::LeftButton) return;
  if (carrying()) {
    const int slot = slotAt(event->pos());
    if (slot >= 0) dragTo(slot, (event->modifiers() & Qt::ControlModifier) != 0);
    endDrag(slot >= 0);
    return;
  }
  press_ = event->pos();
  press_slot_ = slotAt(event->pos());
  // A press on a selected slot may be the start of dragging all of them.
  const bool held = std::binary_search(selected_.begin(), selected_.end(), press_slot_);
  if (press_slot_ >= 0 && (!held || event->modifiers() != Qt::NoModifier))
    click(press_slot_, event->modifiers());
}

void PlanBoard::mouseMoveEvent(QMouseEvent* event) {
  const int slot = slotAt(event->pos());
  if (slot != hovered_) {
    hovered_ = slot;
    viewport()->update();
    Q_EMIT hovered(slot);
  }
  if (!carrying() && event->buttons() & Qt::LeftButton)
    pressedMove(event->pos(), event->modifiers());
}

/// The pointer is at `point` with the button that was pressed on the board still down.
void PlanBoard::pressedMove(QPoint point, Qt::KeyboardModifiers modifiers) {
  if (!press_) return;
  const bool far = (point - *press_).manhattanLength() >= QApplication::startDragDistance();
  if (!drag_ && !rubber_ && far) {
    if (press_slot_ >= 0) {
      startDrag(press_slot_, false);
    } else {
      before_rubber_ = modifiers & Qt::ControlModifier ? selected_ : std::vector<int>();
      rubber_ = QRectF();
    }
  }
  if (rubber_) rubberTo(point);
  if (drag_) dragTo(slotAt(point), (modifiers & Qt::ControlModifier) != 0);
}

void PlanBoard::rubberTo(QPoint point) {
  rubber_ = QRectF(toBoard(*press_), toBoard(point)).normalized();
  auto slots = before_rubber_;
  for (int s = 0; s < layout_.shape().slot_count(); ++s)
    if (const QRectF box = layout_.slot(s); !box.isEmpty() && box.intersects(*rubber_))
      slots.push_back(s);
  const int last = slots.empty() ? current_ : slots.back();
  setSelection(std::move(slots), last);
}

void PlanBoard::mouseReleaseEvent(QMouseEvent* event) {
  if (!shown() || event->button() != Qt::LeftButton || carrying()) return;
  // A busy window gets only the last of several moves, possibly one after this release: a drag
  // counts from where the button was pressed to where it was released.
  pressedMove(event->pos(), event->modifiers());
  if (drag_) {
    endDrag(drag_->target >= 0);
  } else if (rubber_) {
    rubber_.reset();
    viewport()->update();
  } else if (press_ && press_slot_ < 0) {
    const QPointF at = toBoard(event->pos());
    const int node = layout_.nodeAt(at);
    if (folds_ && node >= 0 && (layout_.folded(node) || layout_.heading(node).contains(at)))
      toggleNode(node);
    else
      setSelection({}, current_);
  } else if (press_slot_ >= 0 && event->modifiers() == Qt::NoModifier) {
    click(press_slot_, Qt::NoModifier);
  }
  press_.reset();
  press_slot_ = -1;
  relayout();  // the room may have changed meanwhile
}

void PlanBoard::mouseDoubleClickEvent(QMouseEvent* event) {
  if (slotAt(event->pos()) >= 0 && !carrying()) enterExpert();
}

void PlanBoard::wheelEvent(QWheelEvent* event) {
  if (!(event->modifiers() & Qt::ControlModifier)) {
    QAbstractScrollArea::wheelEvent(event);
    return;
  }
  setZoom(zoom_ * std::pow(1.0015, event->angleDelta().y()));
  event->accept();
}

void PlanBoard::startDrag(int slot, bool by_keys) {
  const bool held = std::binary_search(selected_.begin(), selected_.end(), slot);
  drag_ = Drag{.sources = held ? selected_ : std::vector<int>{slot},
               .grabbed = slot,
               .by_keys = by_keys,
               .before = document().state().figures(layer_).imbalance(),
               .barred = editor_.barredTargets(layer_, slot, false),
               .objection = {}};
  dragHint();
  dragCursor();
}

/// The pointer says as well whether a drop is refused here, and whether it copies.
void PlanBoard::dragCursor() {
  if (!drag_)
    viewport()->unsetCursor();
  else if (!drag_->objection.isEmpty())
    viewport()->setCursor(Qt::ForbiddenCursor);
  else
    viewport()->setCursor(drag_->copy ? Qt::DragCopyCursor : Qt::DragMoveCursor);
}

void PlanBoard::dragTo(int target, bool copy) {
  if (target == drag_->target && copy == drag_->copy) return;
  if (copy != drag_->copy) {
    document().preview(std::nullopt);
    drag_->barred = editor_.barredTargets(layer_, drag_->grabbed, copy);
  }
  drag_->target = target;
  drag_->copy = copy;
  const bool moves = target >= 0 && target != drag_->grabbed;
  PlanEdit edit;
  if (moves) {
    document().preview(std::nullopt);
    edit = editor_.dropEdit(layer_, drag_->sources, drag_->grabbed, target, copy);
  }
  drag_->objection = moves ? document().objection(edit) : QString();
  dragHint();  // names what is there now
  dragCursor();
  const bool allowed = moves && !edit.empty() && drag_->objection.isEmpty();
  document().preview(allowed ? std::optional(edit) : std::nullopt);
  if (const auto after = document().state().figures(layer_).imbalance();
      allowed && after && drag_->before)
    drag_text_ += tr("    imbalance %1 → %2 %3")
                      .arg(*drag_->before, 0, 'f', 3)
                      .arg(*after, 0, 'f', 3)
                      .arg(document().underRule());
  viewport()->update();
  Q_EMIT dragTextChanged(drag_text_);
}

/// What a drop would do, in words, with the other key's meaning.
void PlanBoard::dragHint() {
  const Drag& d = *drag_;
  if (d.target < 0 || d.target == d.grabbed) {
    drag_text_ = d.by_keys ? tr("Move to a slot with the arrow keys; Return swaps, Ctrl+Return "
                                "copies, Escape cancels")
                           : tr("Drop on a slot to swap, hold Ctrl to copy");
  } else if (!d.objection.isEmpty()) {
    drag_text_ = tr("✕ Not here: %1").arg(d.objection);
  } else {
    drag_text_ = editor_.dropText(layer_, d.sources, d.grabbed, d.target, d.copy);
    if (!d.by_keys) drag_text_ += d.copy ? tr(" (without Ctrl: swap)") : tr(" (Ctrl: copy)");
  }
  Q_EMIT dragTextChanged(drag_text_);
}

void PlanBoard::endDrag(bool drop) {
  if (!drag_) return;
  const Drag done = *std::exchange(drag_, std::nullopt);
  press_.reset();  // Escape ends it although the button is still down
  press_slot_ = -1;
  drag_text_.clear();
  dragCursor();
  Q_EMIT dragTextChanged({});
  document().preview(std::nullopt);
  if (drop && done.target >= 0 && done.target != done.grabbed) {
    editor_.drop(layer_, done.sources, done.grabbed, done.target, done.copy);
    std::vector<int> moved = done.sources;
    for (int& s : moved) s += done.target - done.grabbed;
    if (moved.front() >= 0 && moved.back() < layout_.shape().slot_count())
      setSelection(std::move(moved), done.target);
  }
  viewport()->update();
}

void PlanBoard::pickUp() {
  if (!shown() || current_ < 0 || drag_) return;
  startDrag(current_, true);
  drag_->target = current_;
  viewport()->update();
}

bool PlanBoard::carryKey(QKeyEvent* event) {
  if (!drag_) return false;
  switch (event->key()) {
    case Qt::Key_Escape:
      endDrag(false);
      return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      dragTo(drag_->target, (event->modifiers() & Qt::ControlModifier) != 0);
      endDrag(true);
      return true;
    case Qt::Key_Control:
      dragTo(drag_->target, true);
      return true;
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Home:
    case Qt::Key_End: {
      if (!drag_->by_keys) return true;
      const int from = drag_->target >= 0 ? drag_->target : drag_->grabbed;
      const int to = layout_.neighbour(from, static_cast<Qt::Key>(event->key()));
      dragTo(to, (event->modifiers() & Qt::ControlModifier) != 0);
      ensureVisible(to);
      return true;
    }
    default:
      return false;
  }
}

bool PlanBoard::moveKey(QKeyEvent* event) {
  const auto key = static_cast<Qt::Key>(event->key());
  switch (key) {
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Home:
    case Qt::Key_End:
      break;
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
      Q_EMIT layerStepRequested(key == Qt::Key_PageUp ? -1 : 1);
      return true;
    case Qt::Key_Space:
      if (current_ >= 0) click(current_, Qt::ControlModifier);
      return true;
    case Qt::Key_Escape:
      setSelection({}, current_);
      return true;
    default:
      return false;
  }
  if (current_ < 0) {
    select(0);
    return true;
  }
  const int to = layout_.neighbour(current_, key);
  if (event->modifiers() & Qt::ShiftModifier) {
    click(to, Qt::ShiftModifier);
    ensureVisible(to);
  } else if (event->modifiers() & Qt::ControlModifier) {
    setSelection(selected_, to);
    ensureVisible(to);
  } else {
    select(to);
  }
  return true;
}

void PlanBoard::keyPressEvent(QKeyEvent* event) {
  if (!shown() || !(carryKey(event) || moveKey(event))) QAbstractScrollArea::keyPressEvent(event);
}

void PlanBoard::keyReleaseEvent(QKeyEvent* event) {
  if (drag_ && !event->isAutoRepeat() && event->key() == Qt::Key_Control)
    dragTo(drag_->target, false);
  else
    QAbstractScrollArea::keyReleaseEvent(event);
}

/// Keys that the board needs itself go before the shortcuts of the window.
bool PlanBoard::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (drag_ || (key == Qt::Key_Escape && !selected_.empty())) {
      event->accept();
      return true;
    }
  }
  if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut) viewport()->update();
  if (event->type() == QEvent::FocusOut && drag_ && drag_->by_keys) endDrag(false);
  return QAbstractScrollArea::event(event);
}

/// Escape leaves the field of enterExpert() without a change.
bool PlanBoard::eventFilter(QObject* watched, QEvent* event) {
  if (watched == field_ &&
      (event->type() == QEvent::ShortcutOverride || event->type() == QEvent::KeyPress) &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    if (event->type() == QEvent::KeyPress) setFocus(Qt::OtherFocusReason);
    return true;
  }
  return QAbstractScrollArea::eventFilter(watched, event);
}

void PlanBoard::contextMenuEvent(QContextMenuEvent* event) {
  if (!shown()) return;
  const bool by_mouse = event->reason() == QContextMenuEvent::Mouse;
  const int slot = by_mouse ? slotAt(event->pos()) : current_;
  if (slot >= 0 && !std::binary_search(selected_.begin(), selected_.end(), slot)) select(slot);
  const QPoint at =
      by_mouse || slot < 0 ? event->globalPos() : viewport()->mapToGlobal(slotRect(slot).center());
  Q_EMIT menuRequested(at);
}

void PlanBoard::enterExpert() {
  if (!shown() || current_ < 0) return;
  ensureVisible(current_);
  delete field_;
  field_ = new QSpinBox(viewport());
  field_->setObjectName("slotExpert");
  field_->setAccessibleName(tr("Expert of slot %1").arg(current_));
  field_->setRange(0, document().plan().num_experts - 1);
  field_->setValue(std::max(currentExpert(), 0));
  field_->setButtonSymbols(QAbstractSpinBox::NoButtons);
  const QRect box = slotRect(current_);
  field_->setGeometry(
      QRect(box.topLeft() - QPoint(6, 3), QSize(std::max(box.width() + 26, 64), 28)));
  field_->selectAll();
  field_->installEventFilter(this);
  field_->show();
  field_->setFocus(Qt::ShortcutFocusReason);
  connect(field_, &QSpinBox::editingFinished, this, [this, slot = current_] {
    QSpinBox* field = std::exchange(field_, nullptr);
    if (field == nullptr) return;
    field->deleteLater();
    // Return writes; leaving the field does not.
    const bool wanted = field->hasFocus();
    const int expert = field->value();
    setFocus(Qt::OtherFocusReason);
    if (wanted) editor_.place(layer_, slot, expert);
  });
}

}  // namespace moescope
