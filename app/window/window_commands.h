// All that the window can be asked to do, as the command palette and the key sheet list it.
#pragma once

#include <QMenuBar>

#include "app/window/docks/dock_layout.h"
#include "views/shell/command_list.h"

namespace moescope {

/// Going to each dock, the menus, then the commands of the docks themselves.
CommandList window_commands(const QMenuBar& menus, const DockLayout& layout);

}  // namespace moescope
