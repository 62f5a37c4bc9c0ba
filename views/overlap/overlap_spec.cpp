#include "views/overlap/overlap_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec overlap_view() {
  return {.id = QStringLiteral("overlap"),
          .title = OverlapView::tr("Overlap"),
          .needs_trace = true,
          .make = make_trace_view<OverlapView>};
}

}  // namespace moescope
