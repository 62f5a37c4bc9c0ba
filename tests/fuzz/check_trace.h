// What every trace that an importer accepted must stand: reading all of it and every analysis.
#pragma once

#include "core/trace/trace.h"

namespace moescope::fuzz {

/// Reads all columns, arguments, records, counters and pictures of `trace` and runs the analyses.
/// An Error is a fine answer; arguments that are no JSON and impossible figures abort.
void check_trace(const Trace& trace);

}  // namespace moescope::fuzz
