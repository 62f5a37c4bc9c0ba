#include "views/plan/plan_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec plan_view() {
  return {.id = QStringLiteral("plan"),
          .title = PlanView::tr("Plan"),
          .shown_in = Preset::Analyse | Preset::Live | Preset::Plan | Preset::Compare,
          .front_in = Preset::Plan | Preset::Compare,
          .make = [](Workspace& workspace) -> QWidget* {
            return new PlanView(workspace.plan(), workspace.selection());
          }};
}

}  // namespace moescope
