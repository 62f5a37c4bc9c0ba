#include "views/alarms/alarms_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec alarms_view() {
  return {.id = QStringLiteral("alarms"),
          .title = AlarmsView::tr("Alarms"),
          .shown_in = Preset::Live,
          .make = [](Workspace&) -> QWidget* { return new AlarmsView; }};
}

}  // namespace moescope
