// The arrangements of docks that View > Layouts offers beside the user's own.
#pragma once

#include "app/window/docks/dock_layout.h"

namespace moescope {

enum class DockPreset {
  Analyse,  ///< reading a trace
  Live,     ///< watching a runtime
  Plan,     ///< making a plan
  Compare,  ///< two plans beside each other, and the balance of both
};

/// Shows and raises the docks of the preset, hides the others.
void arrange_docks(DockLayout& layout, DockPreset preset);

}  // namespace moescope
