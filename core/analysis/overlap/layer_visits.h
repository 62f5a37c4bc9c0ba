// When a layer runs: its stretches of time over all devices, to go from one to the next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// One run of a layer, on whatever devices.
struct LayerVisit {
  std::string layer;  ///< as the trace names it
  TimeRange range;    ///< from the first begin to the last end on any device
  friend bool operator==(const LayerVisit&, const LayerVisit&) = default;
};

/// By begin. Stretches of one layer that overlap in time, on different devices too, are one visit.
std::vector<LayerVisit> layer_visits(const std::vector<ScopeOverlap>& scopes);

/// The first visit of `layer` that begins after `time`, else its first of all; nullptr when the
/// trace has none.
const LayerVisit* visit_after(const std::vector<LayerVisit>& visits, const std::string& layer,
                              TimeNs time);
/// The visit of any layer next to the one that begins at `time` or was the last to begin before:
/// `by` 1 the one after it, -1 the one before; nullptr beyond the ends.
const LayerVisit* visit_beside(const std::vector<LayerVisit>& visits, TimeNs time, int by);

}  // namespace moescope
