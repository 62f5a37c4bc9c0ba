#include "views/plot/axis/place_window.h"

#include <algorithm>

namespace moescope {

PlaceWindow PlaceWindow::within(int count) const {
  const double all = count;
  PlaceWindow cut{first, std::clamp(shown, std::min(kLeast, all), all)};
  cut.first = std::clamp(first, 0.0, all - cut.shown);
  return cut;
}

PlaceWindow PlaceWindow::zoomed(double factor, double share, int count) const {
  const double now = PlaceWindow{first, shown * factor}.within(count).shown;
  return PlaceWindow{first + std::clamp(share, 0.0, 1.0) * (shown - now), now}.within(count);
}

PlaceWindow PlaceWindow::moved(double places, int count) const {
  return PlaceWindow{first + places, shown}.within(count);
}

PlaceWindow PlaceWindow::with(int place, int count) const {
  const double at = place;
  return PlaceWindow{std::max(std::min(first, at), at + 1 - shown), shown}.within(count);
}

std::optional<PlaceWindow> PlaceWindow::after(ViewStep step, int count) const {
  switch (step) {
    case ViewStep::ZoomIn:
      return zoomed(kZoomPerNotch, 0.5, count);
    case ViewStep::ZoomOut:
      return zoomed(1 / kZoomPerNotch, 0.5, count);
    case ViewStep::Back:
      return moved(-kPanPerKey * shown, count);
    case ViewStep::On:
      return moved(kPanPerKey * shown, count);
    case ViewStep::Fit:
      return whole(count);
    case ViewStep::First:
    case ViewStep::Last:
      break;
  }
  return std::nullopt;
}

}  // namespace moescope
