// What one step took, and what made it so long.
#pragma once

#include <memory>

#include "core/analysis/steps/step_standing.h"
#include "views/details/area_details.h"

namespace moescope {

struct StepDetails {
  TracePtr trace;
  TraceStep step;
  StepStanding standing;
  std::string how;                     ///< how steps were found
  std::vector<DeviceOverlap> devices;  ///< most exposed first, each in its part of the step
  OverlapFigures total;
  std::optional<WorstDevice> worst;
};

/// Of the step with this number; nullopt when there is none. For a job. Throws Cancelled, Error.
std::optional<StepDetails> read_step_details(const TracePtr& trace, const AnalysisPtr& analysis,
                                             const TraceSteps& steps, std::uint64_t number,
                                             Progress& progress);
void add_step_rows(const FactRows& rows, const StepDetails& details);

}  // namespace moescope
