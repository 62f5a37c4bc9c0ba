// The menus and the tool bar as a table of action ids.
#pragma once

#include <QMenuBar>

#include "views/shell/action_registry.h"

namespace moescope {

/// Ids of the actions in front of the tool bar.
QStringList tool_bar_ids();
/// Fills the menu bar; `parts` are "@recent", "@docks", "@layouts" and "@themes".
void build_menus(QMenuBar& bar, const ActionRegistry& actions, const ActionRegistry::Parts& parts);

}  // namespace moescope
