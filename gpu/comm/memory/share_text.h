// Broadcasting a text of the first process.
#pragma once

#include <string>

#include "gpu/comm/memory/processes.h"

namespace moescope::runtime {

/// The first process's `text`, in every process; the others' own is ignored. All make the call in
/// the same order, while the run is set up. `processes` may be nullptr: one.
std::string share_text(Processes* processes, const std::string& text);

}  // namespace moescope::runtime
