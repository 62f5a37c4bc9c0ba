// The scroll bar beside lanes.
#pragma once

#include <QScrollBar>

namespace moescope {

class TimelineScene;

/// Makes `bar` scroll the rows of `scene`, and hides it while all are in view. Both live as long.
void scroll_lanes(QScrollBar& bar, TimelineScene& scene);

}  // namespace moescope
