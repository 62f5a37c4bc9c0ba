// Several traces as one.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// One trace with the processes of all, times of traces[i] moved by alignments[i].offset and the
/// earliest span at 0. TraceInfo is joined: files, events, skipped and warnings of all, and the
/// alignments, plus `warnings`. Throws Cancelled.
TracePtr merge_traces(const std::vector<TracePtr>& traces, std::vector<ClockAlignment> alignments,
                      std::vector<std::string> warnings, Progress& progress);

}  // namespace moescope
