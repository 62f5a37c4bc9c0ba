#include "views/query/query_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec query_view() {
  return {.id = QStringLiteral("query"),
          .title = QueryView::tr("Query"),
          .needs_trace = true,
          .make = make_trace_view<QueryView>};
}

}  // namespace moescope
