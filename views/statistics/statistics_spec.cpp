#include "views/statistics/statistics_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec statistics_view() {
  return {.id = QStringLiteral("statistics"),
          .title = StatisticsPanel::tr("Statistics"),
          .area = Qt::RightDockWidgetArea,
          .needs_trace = true,
          .shown_in = Preset::Analyse,
          .height_share = 50,
          .make = [](Workspace& workspace) -> QWidget* {
            return new StatisticsPanel(workspace.trace(), workspace.selection());
          }};
}

}  // namespace moescope
