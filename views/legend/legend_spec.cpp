#include "views/legend/legend_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec legend_view() {
  return {
      .id = QStringLiteral("legend"),
      .title = LegendPanel::tr("Legend"),
      .area = Qt::LeftDockWidgetArea,
      .needs_trace = true,
      .shown_in = Preset::Analyse,
      .over_when_narrow = true,
      .width = 232,
      .width_share = 18,
      .height_share = 38,
      .make = [](Workspace& workspace) -> QWidget* { return new LegendPanel(workspace.trace()); }};
}

}  // namespace moescope
