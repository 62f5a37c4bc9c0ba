// The steps of zoom and pan that all charts share, whatever their axes are of.
#pragma once

#include <QPointF>
#include <optional>

class QWheelEvent;

namespace moescope {

constexpr double kZoomPerNotch = 0.8;  ///< of the visible length, for a notch of the wheel
constexpr double kZoomPerKey = 0.6;    ///< for a key
constexpr double kPanPerNotch = 0.1;   ///< of the visible length
constexpr double kPanPerKey = 0.2;
constexpr double kDragDistance = 4;  ///< px before a press becomes a drag

/// By what factor a number of notches changes the visible length.
double zoom_of_notches(double notches);
/// Notches of a wheel, x sideways and y away from the user.
QPointF notches_of(const QWheelEvent& event);

enum class ViewStep { ZoomIn, ZoomOut, Back, On, First, Last, Fit };
/// W and +, S and -, A, D, Home, End, F, as typed; nullopt for others and with Ctrl or Alt.
std::optional<ViewStep> view_step_of(int key, Qt::KeyboardModifiers modifiers);

}  // namespace moescope
