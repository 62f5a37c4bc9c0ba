#include "views/compare/trace_compare_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec compare_view() {
  return {.id = QStringLiteral("compare"),
          .title = TraceCompareView::tr("Compare"),
          .make = [](Workspace& workspace) -> QWidget* { return new TraceCompareView(workspace); }};
}

}  // namespace moescope
