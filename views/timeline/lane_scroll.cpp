#include "views/timeline/lane_scroll.h"

#include <algorithm>

#include "views/timeline/lanes/timeline_scene.h"

namespace moescope {

void scroll_lanes(QScrollBar& bar, TimelineScene& scene) {
  const auto show = [&bar, &scene] {
    const RowLayout& layout = scene.layout();
    const QSignalBlocker block(bar);
    bar.setRange(0, layout.maxScroll());
    bar.setPageStep(std::max(1, layout.height() - layout.pinnedHeight()));
    bar.setSingleStep(layout.laneHeight());
    bar.setValue(layout.scroll());
    bar.setVisible(layout.maxScroll() > 0);
  };
  QObject::connect(&scene, &TimelineScene::placesChanged, &bar, show);
  QObject::connect(&bar, &QScrollBar::valueChanged, &scene, [&scene](int value) {
    if (value != scene.layout().scroll()) scene.setScroll(value);
  });
  show();
}

}  // namespace moescope
