// The part of numbered places that a chart shows, and how it is zoomed and panned: one for the
// places of a series, two for the rows and columns of a heatmap.
#pragma once

#include <optional>

#include "views/plot/axis/zoom_keys.h"

namespace moescope {

/// `shown` places from `first` on; fractions while zoomed.
struct PlaceWindow {
  double first = 0, shown = 0;

  static PlaceWindow whole(int count) { return {0, static_cast<double>(count)}; }
  /// Cut to `count` places, of which at least kLeast stay.
  PlaceWindow within(int count) const;
  /// Factor < 1 shows fewer; the place at `share` (0 .. 1) of the window stays where it is.
  PlaceWindow zoomed(double factor, double share, int count) const;
  PlaceWindow moved(double places, int count) const;
  /// Moved so far that `place` is in it.
  PlaceWindow with(int place, int count) const;
  /// What a key does; nullopt for steps that places do not have.
  std::optional<PlaceWindow> after(ViewStep step, int count) const;

  static constexpr double kLeast = 4;
  friend bool operator==(const PlaceWindow&, const PlaceWindow&) = default;
};

}  // namespace moescope
