#include "views/rules/rules_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec rules_view() {
  return {
      .id = QStringLiteral("rules"),
      .title = RulesPanel::tr("Rules"),
      .needs_trace = true,
      .shown_in = Preset::Analyse,
      .make = [](Workspace& workspace) -> QWidget* { return new RulesPanel(workspace.trace()); }};
}

}  // namespace moescope
