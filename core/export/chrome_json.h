// Writing a trace as Chrome JSON, which Perfetto, chrome://tracing and other tools read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Writes all spans with their arguments and all counters: X, i, C and M events with exact
/// microseconds, arrows from launches to their kernels, deviceProperties and baseTimeNanoseconds as
/// PyTorch writes them. Holds one chunk of spans in memory at a time. Goes to a temporary file
/// beside `path` that is renamed when complete, so an existing file is only replaced by a whole
/// one. Throws Error (no permission, disk full), Cancelled.
void write_chrome_json(const Trace& trace, const std::filesystem::path& path, Progress& progress);

/// Messages for the user about what Chrome JSON cannot hold of `trace`; empty when nothing is lost.
std::vector<std::string> lost_in_chrome_json(const Trace& trace);

}  // namespace moescope
