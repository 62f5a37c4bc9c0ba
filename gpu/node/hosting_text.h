// What a recording says about the processes and hosts that it comes from.
#pragma once

#include <string>

#include "gpu/comm/memory/processes.h"

namespace moescope::runtime {

/// `processes` may be nullptr: one.
std::string processes_text(Processes* processes);
/// How the times of ranks in other processes became times of the first one's clock.
std::string clock_text(Processes* processes, bool at_end);

}  // namespace moescope::runtime
