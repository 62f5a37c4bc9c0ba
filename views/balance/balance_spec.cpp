#include "views/balance/balance_view.h"
#include "views/workspace/view_spec.h"
#include "views/workspace/workspace.h"

namespace moescope {

ViewSpec balance_view() {
  return {.id = QStringLiteral("balance"),
          .title = BalanceView::tr("Balance"),
          .shown_in = Preset::Analyse | Preset::Live | Preset::Plan | Preset::Compare,
          .beside_in = Preset::Plan,
          .make = [](Workspace& workspace) -> QWidget* {
            return new BalanceView(workspace.loads(), workspace.selection());
          }};
}

}  // namespace moescope
