// What every trace that an importer accepted must stand: reading all of it and every analysis.
#pragma once

#include "core/trace/trace.h"

namespace moescope::fuzz {

/// Reads all columns, arguments, records, counters and pictures of `trace` and runs the analyses.
/// An Error is a fine answer; impossible figures abort, and arguments that are no JSON where the
/// importer promises it (`json_args`; a .moetrace gives back what is in it).
void check_trace(const Trace& trace, bool json_args);

}  // namespace moescope::fuzz
