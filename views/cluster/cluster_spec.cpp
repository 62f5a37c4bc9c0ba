#include "views/cluster/cluster_view.h"
#include "views/workspace/view_spec.h"

namespace moescope {

ViewSpec cluster_view() {
  return {.id = QStringLiteral("cluster"),
          .title = ClusterView::tr("Cluster"),
          .area = Qt::LeftDockWidgetArea,
          .shown_in = Preset::Live,
          .width = 380,
          .width_share = 30,
          .height_share = 62,
          .make = [](Workspace&) -> QWidget* { return new ClusterView; }};
}

}  // namespace moescope
