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
          .over_when_narrow = true,
          .height_share = 50,
          .make = make_trace_view<StatisticsPanel>};
}

}  // namespace moescope
