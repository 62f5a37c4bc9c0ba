#include "views/plot/time_gestures.h"

#include <algorithm>
#include <cmath>

#include "views/plot/axis/zoom_keys.h"

namespace moescope {
namespace {

TimeRange ordered(TimeNs a, TimeNs b) {
  return {std::min(a, b), std::max(a, b)};
}

}  // namespace

TimeGestures::TimeGestures(Selection& selection, std::function<TimeAxis()> axis, QObject* parent)
    : QObject(parent), selection_(selection), axis_(std::move(axis)) {}

TimeGestures::Part TimeGestures::partAt(QPointF pos) const {
  const QRectF plot = axis_().plot();
  if (pos.x() < plot.left() || pos.x() > plot.right() || pos.y() < plot.top()) return Part::Beside;
  return pos.y() > plot.bottom() ? Part::Axis : Part::Times;
}

void TimeGestures::reset() {
  drag_ = Drag::None;
  dragged_area_.reset();
  dragged_zoom_.reset();
}

void TimeGestures::press(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers) {
  if (axis_().empty()) return;
  press_pos_ = pointer_ = pos;
  press_range_ = selection_.range();
  pressBegan();
  if (button == Qt::MiddleButton) {
    next_drag_ = drag_ = Drag::Pan;
    return;
  }
  if (button != Qt::LeftButton) return;
  if (ownPress(pos)) {
    next_drag_ = drag_ = Drag::Own;
    Q_EMIT overlayChanged();
    return;
  }
  const Part part = partAt(pos);
  if (part == Part::Beside) return;
  drag_ = Drag::Pressed;
  if (part == Part::Axis || (modifiers & Qt::ControlModifier))
    next_drag_ = Drag::Zoom;
  else
    next_drag_ = modifiers & Qt::ShiftModifier ? Drag::Pan : Drag::Area;
}

void TimeGestures::move(QPointF pos, Qt::MouseButtons buttons) {
  pointer_ = pos;
  inside_ = true;
  if (axis_().empty()) return;
  if (drag_ == Drag::Pressed && buttons != Qt::NoButton &&
      (pos - press_pos_).manhattanLength() >= kDragDistance)
    drag_ = next_drag_;
  if (drag_ == Drag::None || drag_ == Drag::Pressed)
    hover(pos);
  else
    dragTo(pos);
}

void TimeGestures::dragTo(QPointF pos) {
  switch (drag_) {
    case Drag::Pan: {
      const double pixels = pos.x() - press_pos_.x();
      const auto shift = static_cast<TimeNs>(std::llround(
          pixels * static_cast<double>(press_range_.length()) / axis_().plot().width()));
      selection_.setRange({press_range_.begin - shift, press_range_.end - shift});
      panned(pos - press_pos_);
      return;
    }
    case Drag::Area:
      dragged_area_ = areaBetween(press_pos_, pos);
      break;
    case Drag::Zoom:
      dragged_zoom_ = ordered(timeAt(press_pos_.x()), timeAt(pos.x()));
      break;
    case Drag::Own:
      ownDrag(pos);
      break;
    case Drag::None:
    case Drag::Pressed:
      break;
  }
  selection_.setCursor(timeAt(pos.x()));
  Q_EMIT overlayChanged();
}

void TimeGestures::hover(QPointF pos) {
  if (partAt(pos) == Part::Beside)
    selection_.setCursor({});
  else
    selection_.setCursor(timeAt(pos.x()));
}

void TimeGestures::release(QPointF pos, Qt::MouseButton button, Qt::KeyboardModifiers modifiers) {
  const Drag drag = drag_;
  const std::optional<TimeRange> zoom_to = dragged_zoom_;
  reset();
  if (drag == Drag::Pressed && button == Qt::LeftButton) click(pos, modifiers);
  if (drag == Drag::Area) selection_.markArea(areaBetween(press_pos_, pos));
  if (drag == Drag::Zoom && zoom_to && !zoom_to->empty()) selection_.setRange(*zoom_to);
  if (drag == Drag::Own) ownRelease(pos);
  Q_EMIT overlayChanged();
}

AreaSelection TimeGestures::areaBetween(QPointF a, QPointF b) const {
  return {ordered(timeAt(a.x()), timeAt(b.x())), {}};
}

void TimeGestures::click(QPointF pos, Qt::KeyboardModifiers) {
  if (partAt(pos) == Part::Times) selection_.setArea({});
}

void TimeGestures::doubleClick(QPointF pos) {
  if (axis_().empty()) return;
  doubleClicked(pos);
}

void TimeGestures::doubleClicked(QPointF) {
  reset();
  selection_.fit();
}

void TimeGestures::wheel(QPointF pos, QPointF notches, Qt::KeyboardModifiers modifiers) {
  if (axis_().empty()) return;
  const auto zoom_here = [&] { selection_.zoom(zoom_of_notches(notches.y()), timeAt(pos.x())); };
  if (modifiers & Qt::ControlModifier) return zoom_here();
  const bool shift = modifiers & Qt::ShiftModifier;
  const double sideways = notches.x() + (shift ? notches.y() : 0);
  if (sideways != 0) selection_.pan(-kPanPerNotch * sideways);
  if (!shift && notches.y() != 0 && !scroll(notches.y())) return zoom_here();
  if (drag_ == Drag::None && inside_) hover(pos);
}

void TimeGestures::leave() {
  inside_ = false;
  if (drag_ == Drag::None) pointerLeft();
}

void TimeGestures::pointerLeft() {
  selection_.setCursor({});
}

void TimeGestures::zoom(double factor) {
  const TimeRange range = selection_.range();
  const bool here = inside_ && !axis_().empty();
  selection_.zoom(factor, here ? timeAt(pointer_.x()) : range.begin + range.length() / 2);
}

void TimeGestures::fit() {
  if (const auto& area = selection_.area())
    selection_.setRange(area->range);
  else
    selection_.fit();
}

bool TimeGestures::key(int key, Qt::KeyboardModifiers modifiers) {
  if (axis_().empty()) return false;
  if (key == Qt::Key_Escape) return stepBack();
  const auto step = view_step_of(key, modifiers);
  if (!step) return false;
  const TimeRange range = selection_.range(), full = selection_.full();
  switch (*step) {
    case ViewStep::ZoomIn:
      return zoom(kZoomPerKey), true;
    case ViewStep::ZoomOut:
      return zoom(1 / kZoomPerKey), true;
    case ViewStep::Back:
      return selection_.pan(-kPanPerKey), true;
    case ViewStep::On:
      return selection_.pan(kPanPerKey), true;
    case ViewStep::First:
      return selection_.setRange({full.begin, full.begin + range.length()}), true;
    case ViewStep::Last:
      return selection_.setRange({full.end - range.length(), full.end}), true;
    case ViewStep::Fit:
      return fit(), true;
  }
  return false;
}

bool TimeGestures::stepBack() {
  if (drag_ == Drag::None || drag_ == Drag::Own) return false;
  if (drag_ == Drag::Pan) selection_.setRange(press_range_);
  reset();
  Q_EMIT overlayChanged();
  return true;
}

Qt::CursorShape TimeGestures::shape() const {
  if (drag_ == Drag::Pan) return Qt::ClosedHandCursor;
  const bool on_axis = inside_ && !axis_().empty() && partAt(pointer_) == Part::Axis;
  return drag_ == Drag::Zoom || on_axis ? Qt::SizeHorCursor : Qt::ArrowCursor;
}

}  // namespace moescope
