#include "views/steps/steps_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec steps_view() {
  return {.id = QStringLiteral("steps"),
          .title = StepsView::tr("Steps"),
          .needs_trace = true,
          .make = [](Workspace& workspace) -> QWidget* {
            auto* view = new StepsView(workspace.trace(), workspace.selection());
            QObject::connect(view, &StepsView::compareWanted, &workspace.compare(),
                             &CompareDocument::setSteps);
            return view;
          }};
}

}  // namespace moescope
