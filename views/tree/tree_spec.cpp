#include "views/tree/trace_tree.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec tree_view() {
  return {.id = QStringLiteral("tree"),
          .title = TraceTree::tr("Trace"),
          .area = Qt::LeftDockWidgetArea,
          .needs_trace = true,
          .shown_in = Preset::Analyse,
          .over_when_narrow = true,
          .width = 232,
          .width_share = 18,
          .height_share = 62,
          .make = make_trace_view<TraceTree>};
}

}  // namespace moescope
