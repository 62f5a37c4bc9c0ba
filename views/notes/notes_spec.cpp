#include "views/notes/notes_panel.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec notes_view() {
  return {.id = QStringLiteral("notes"),
          .title = NotesPanel::tr("Notes"),
          .needs_trace = true,
          .shown_in = Preset::Analyse,
          .make = make_trace_view<NotesPanel>};
}

}  // namespace moescope
