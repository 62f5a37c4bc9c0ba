#include "app/window/docks/trace_views.h"

#include "views/overlap/overlap_view.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"

namespace moescope {

void add_trace_views(DockLayout& layout, Document& document, ViewContext& context) {
  layout.add(new TimelineView(document, context), "timeline", DockLayout::tr("Timeline"),
             Qt::TopDockWidgetArea, false);
  layout.add(new SmView(document, context), "sm", DockLayout::tr("SM allocation"),
             Qt::BottomDockWidgetArea, true);
  layout.add(new OverlapView(document, context), "overlap", DockLayout::tr("Overlap"),
             Qt::BottomDockWidgetArea, true);
}

}  // namespace moescope
