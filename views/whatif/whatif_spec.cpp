#include "views/whatif/whatif_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec whatif_view() {
  return {.id = QStringLiteral("whatif"),
          .title = WhatIfView::tr("What if"),
          .without_files = true,
          .shown_in = Preset::Analyse | Preset::Plan,
          .make = [](Workspace& workspace) -> QWidget* { return new WhatIfView(workspace); }};
}

}  // namespace moescope
