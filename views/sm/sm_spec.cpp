#include "views/sm/sm_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec sm_view() {
  return {.id = QStringLiteral("sm"),
          .title = SmView::tr("SM allocation"),
          .needs_trace = true,
          .front_in = Preset::Analyse,
          .make = make_trace_view<SmView>};
}

}  // namespace moescope
