#include "app/window/docks/dock_presets.h"

namespace moescope {
namespace {

struct PresetDocks {
  QStringList hidden;
  QStringList raised;  ///< of tabbed docks
};

PresetDocks docks_of(DockPreset preset) {
  switch (preset) {
    case DockPreset::Live:
      return {{"tree", "legend", "find", "rules", "notes", "details", "statistics"},
              {"timeline", "requests"}};
    case DockPreset::Plan:
    case DockPreset::Compare:
    case DockPreset::Analyse:
      break;
  }
  return {{"cluster"}, {"sm"}};
}

}  // namespace

void arrange_docks(DockLayout& layout, DockPreset preset) {
  if (preset == DockPreset::Plan) {
    layout.arrangeOnly({"plan", "load", "balance"});
    return;
  }
  if (preset == DockPreset::Compare) {
    layout.arrangeOnly({"plan", "balance"});
    Q_EMIT layout.comparisonWanted();
    return;
  }
  layout.arrange();
  const PresetDocks docks = docks_of(preset);
  for (const QString& id : docks.hidden)
    if (QDockWidget* dock = layout.dock(id)) dock->hide();
  for (const QString& id : docks.raised)
    if (QDockWidget* dock = layout.dock(id); dock != nullptr && !dock->isHidden()) dock->raise();
}

}  // namespace moescope
