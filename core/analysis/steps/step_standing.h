// How one step compares with the other steps of its phase.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/analysis/steps/steps.h"

namespace moescope {

struct StepStanding {
  TimeNs median = 0;        ///< length of the steps of its phase, ns
  double over_percent = 0;  ///< by how much it is longer than that, %
  std::size_t rank = 1;     ///< among the steps of its phase: 1 is the longest
  std::size_t of = 1;       ///< steps of its phase
  bool outlier = false;     ///< one of TraceSteps::outliers()
};
/// @pre `index` is less than the number of steps
StepStanding step_standing(const TraceSteps& steps, std::size_t index);

/// What its devices do in their parts of the step.
std::vector<DeviceActivity> activity_of_step(const std::vector<DeviceActivity>& activity,
                                             const TraceStep& step);

/// The step of this number, of several phases the one that begins first; nullopt without one.
std::optional<std::size_t> step_of_number(const TraceSteps& steps, std::uint64_t number);
/// Of the other steps of its phase the one of median length (nearest rank); nullopt without one.
/// @pre `index` is less than the number of steps
std::optional<std::size_t> median_step_beside(const TraceSteps& steps, std::size_t index);
/// The step that covers most of `range` on the device; nullopt when none does.
std::optional<std::size_t> step_at(const TraceSteps& steps, const DeviceKey& key, TimeRange range);

}  // namespace moescope
