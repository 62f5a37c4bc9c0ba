// Clock alignment: bringing the clocks of several files together on the ends of collectives.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// One alignment a trace, relative to the first (whose offset is 0). A collective ends on all ranks
/// at once, so the offset is the median difference of the ends of matching collectives and the
/// residual the median absolute deviation from it. Pairs whose durations and order disagree with
/// the rest are left out; without a credible match the recorded wall clocks are used, and without
/// those every trace starts at 0. ClockAlignment::method says which.
std::vector<ClockAlignment> align_clocks(const std::vector<TracePtr>& traces, Progress& progress);

/// What the user is told about the clock of one file of several.
std::string describe_alignment(const Trace& trace, const ClockAlignment& alignment);

}  // namespace moescope
