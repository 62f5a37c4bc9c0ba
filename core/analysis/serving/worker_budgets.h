// Workers that a rank of the embedded runtime was granted, as recorded.
#pragma once

#include <optional>

#include "core/trace/trace.h"

namespace moescope {

/// Workers of a rank for communication, mean over the time of `window` and over both units; nullopt
/// when no runtime recorded them there. Throws Error when a chunk cannot be read.
std::optional<double> communication_workers(const Trace& trace, TimeRange window);

}  // namespace moescope
