#include "views/find/find_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec find_view() {
  return {.id = QStringLiteral("find"),
          .title = FindPanel::tr("Find"),
          .needs_trace = true,
          .shown_in = Preset::Analyse,
          .make = make_trace_view<FindPanel>};
}

}  // namespace moescope
