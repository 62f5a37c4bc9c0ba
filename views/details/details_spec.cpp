#include "views/details/details_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec details_view() {
  return {.id = QStringLiteral("details"),
          .title = DetailsPanel::tr("Inspector"),
          .area = Qt::RightDockWidgetArea,
          .shown_in = Preset::Analyse,
          .over_when_narrow = true,
          .height_share = 50,
          .make = [](Workspace& workspace) { return new DetailsPanel(workspace); }};
}

}  // namespace moescope
