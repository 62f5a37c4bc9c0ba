#include "views/details/details_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec details_view() {
  return {.id = QStringLiteral("details"),
          .title = DetailsPanel::tr("Details"),
          .area = Qt::RightDockWidgetArea,
          .needs_trace = true,
          .shown_in = Preset::Analyse,
          .height_share = 50,
          .make = make_trace_view<DetailsPanel>};
}

}  // namespace moescope
