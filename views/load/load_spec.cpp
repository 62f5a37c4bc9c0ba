#include "views/load/load_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec load_view() {
  return {.id = QStringLiteral("load"),
          .title = LoadView::tr("Expert load"),
          .shown_in = Preset::Analyse | Preset::Live | Preset::Plan,
          .beside_in = Preset::Plan,
          .make = [](Workspace& workspace) -> QWidget* {
            return new LoadView(workspace.loads(), workspace.selection());
          }};
}

}  // namespace moescope
