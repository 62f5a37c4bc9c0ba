// Bringing the clocks of several files together.
#pragma once

#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// Offsets to add to the times of each trace so that all share one clock, relative to traces[0]
/// whose offset is 0. Ends of matching collectives decide: ranks leave a collective together, they
/// do not enter it together. Without collectives the wall clock decides, without one all start
/// together; the method is in the result and must be shown.
std::vector<ClockAlignment> align_clocks(const std::vector<TracePtr>& traces);

}  // namespace moescope
