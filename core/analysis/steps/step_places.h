// Where steps lie, by each of the sources, before their figures are known.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/analysis/steps/steps.h"

namespace moescope {

/// A step whose ranges are known.
struct PlacedStep {
  std::uint64_t number = 0;
  std::string phase;
  std::map<DeviceKey, TimeRange> ranges;
};
struct PlacedSteps {
  std::string how;
  std::vector<PlacedStep> steps;  ///< empty: this source knows none
};

/// From the records of the embedded runtime; a step lies on the devices of its unit.
PlacedSteps steps_of_engine(const Trace& trace, const std::vector<DeviceKey>& devices);
/// From annotations whose names are alike but for numbers and what stands in brackets, and that
/// cover at least half of the GPU work on their devices without overlapping.
PlacedSteps steps_of_annotations(const std::vector<DeviceActivity>& activity,
                                 const std::vector<ScopeOverlap>& scopes);
/// From kernels that occur equally often and always in the same order, on the busiest stream of
/// each device. Throws Cancelled.
PlacedSteps steps_of_repetition(const Trace& trace, const std::vector<DeviceKey>& devices,
                                const Progress& progress);

}  // namespace moescope
