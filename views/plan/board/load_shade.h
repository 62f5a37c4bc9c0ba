// The colour of a slot by its load.
#pragma once

#include <QColor>

#include "core/placement/edit/plan_state.h"
#include "views/load/heat/heat_colors.h"

namespace moescope {

/// From 0 to the heaviest replica of the layer, in the sequential colours of heatmaps.
class LoadShade {
 public:
  LoadShade(const PlanState& state, int layer);
  double most() const { return colors_.high(); }  ///< tokens of the heaviest replica
  QColor color(double tokens) const { return QColor(colors_.color(colors_.level(tokens))); }

 private:
  HeatColors colors_;
};

}  // namespace moescope
