// The time before a change of plan in a recording, and as much time after it, as two sides.
#pragma once

#include <cstdint>
#include <optional>

#include "core/analysis/compare/side.h"
#include "core/analysis/serving/plan_flips.h"

namespace moescope {

struct PlanChangeSides {
  PlanFlip flip;
  BeforeAfter times;
  CompareSide before, after;
};

/// @param whole of the whole recording
/// @param epoch of the plan that came into force; nullopt: the last change
/// Throws Error when no such change was recorded, or nothing ran before or after it alone;
/// Cancelled.
PlanChangeSides plan_change_sides(const CompareSide& whole, std::optional<std::uint64_t> epoch,
                                  Progress& progress = no_progress());

}  // namespace moescope
