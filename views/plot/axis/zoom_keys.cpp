#include "views/plot/axis/zoom_keys.h"

#include <QWheelEvent>
#include <cmath>

namespace moescope {

double zoom_of_notches(double notches) {
  return std::pow(kZoomPerNotch, notches);
}

QPointF notches_of(const QWheelEvent& event) {
  constexpr double kNotch = 120;  // Qt: eighths of a degree, 15 degrees a notch
  return QPointF(event.angleDelta()) / kNotch;
}

std::optional<ViewStep> view_step_of(int key, Qt::KeyboardModifiers modifiers) {
  // A plus is typed with Shift.
  if (key == Qt::Key_Plus) modifiers &= ~Qt::ShiftModifier;
  if (modifiers & ~Qt::KeypadModifier) return std::nullopt;
  switch (key) {
    case Qt::Key_W:
    case Qt::Key_Plus:
    case Qt::Key_Equal:  // plus without Shift, on many keyboards
      return ViewStep::ZoomIn;
    case Qt::Key_S:
    case Qt::Key_Minus:
      return ViewStep::ZoomOut;
    case Qt::Key_A:
      return ViewStep::Back;
    case Qt::Key_D:
      return ViewStep::On;
    case Qt::Key_Home:
      return ViewStep::First;
    case Qt::Key_End:
      return ViewStep::Last;
    case Qt::Key_F:
      return ViewStep::Fit;
    default:
      return std::nullopt;
  }
}

}  // namespace moescope
