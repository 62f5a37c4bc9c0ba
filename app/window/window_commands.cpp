#include "app/window/window_commands.h"

#include <algorithm>

namespace moescope {
namespace {

/// Each dock has a command to go to it and, unless it is hidden already, one to hide it: a list
/// cannot show the check mark of the menu.
void name_dock_toggles(const DockLayout& layout, CommandList& commands) {
  for (const QDockWidget* dock : layout.docks()) {
    const QAction* toggle = dock->toggleViewAction();
    const auto command =
        std::find_if(commands.begin(), commands.end(),
                     [toggle](const Command& one) { return one.action == toggle; });
    if (command == commands.end()) continue;
    if (toggle->isChecked())
      command->name = DockLayout::tr("Hide %1").arg(dock->windowTitle());
    else
      commands.erase(command);
  }
}

}  // namespace

CommandList window_commands(const QMenuBar& menus, const DockLayout& layout) {
  CommandList commands;
  for (QAction* go : layout.goActions()) commands.append({go, DockLayout::tr("Go to"), {}});
  for (const QAction* action : menus.actions())
    if (action->menu() != nullptr)
      collect_commands(*action->menu(), command_text(*action), commands);
  for (const QDockWidget* dock : layout.docks())
    collect_commands(*panel_of(*dock), dock->windowTitle(), commands);
  name_dock_toggles(layout, commands);
  return commands;
}

}  // namespace moescope
