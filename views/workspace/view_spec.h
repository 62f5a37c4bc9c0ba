// What the window has to know of a view. A view's folder has one of these in its *_spec.cpp, and
// views.inc a line that names it: docks, menus, palette, layouts and exports are made from them.
#pragma once

#include <QFlags>
#include <QString>
#include <QWidget>
#include <functional>

namespace moescope {

class Workspace;

/// The arrangements of docks that View > Layouts offers beside the user's own.
enum class Preset {
  Analyse = 1,  ///< reading a trace
  Live = 2,     ///< watching a runtime
  Plan = 4,     ///< making a plan
  Compare = 8,  ///< two plans beside each other, and the balance of both
};
Q_DECLARE_FLAGS(Presets, Preset)
Q_DECLARE_OPERATORS_FOR_FLAGS(Presets)

struct ViewSpec {
  QString id;     ///< one word; its dock is "dock.<id>", going to it the action "go.<id>"
  QString title;  ///< of the dock
  /// Views at the bottom are tabs, those of the other sides stand one under the other.
  Qt::DockWidgetArea area = Qt::BottomDockWidgetArea;
  bool needs_trace = false;  ///< nothing to show of loads, logs and plans alone
  /// Of use with nothing open: it takes the place of the start page until it is closed.
  bool without_files = false;
  Presets shown_in = Preset::Analyse | Preset::Live;
  Presets beside_in;  ///< left of the other tabs of its area, side by side with them
  Presets front_in;   ///< in front of the other tabs, or the first to be looked at
  /// In a narrow window it lies over the others, when it is asked for, instead of beside them.
  bool over_when_narrow = false;
  int width = 480;        ///< px at most, of the left and right columns
  int width_share = 31;   ///< of the window at most, %
  int height_share = 46;  ///< of the window, %
  std::function<QWidget*(Workspace&)> make;
};

}  // namespace moescope
