#include "views/timeline/timeline_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec timeline_view() {
  return {.id = QStringLiteral("timeline"),
          .title = TimelineView::tr("Timeline"),
          .area = Qt::TopDockWidgetArea,
          .needs_trace = true,
          .make = make_trace_view<TimelineView>};
}

}  // namespace moescope
