// The menus and the tool bar as a table of action ids.
#pragma once

#include <QMenuBar>

#include "views/shell/action_registry.h"

namespace moescope {

/// Ids of the actions in front of the tool bar, and their icons.
QList<QPair<QString, QString>> tool_bar_table();
/// Fills the menu bar; `parts` are "@recent", "@docks", "@layouts", "@themes" and
/// "@text_sizes".
void build_menus(QMenuBar& bar, const ActionRegistry& actions, const ActionRegistry::Parts& parts);

}  // namespace moescope
