#include "views/requests/requests_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec requests_view() {
  return {.id = QStringLiteral("requests"),
          .title = RequestsView::tr("Requests"),
          .front_in = Preset::Live,
          .make = make_trace_view<RequestsView>};
}

}  // namespace moescope
