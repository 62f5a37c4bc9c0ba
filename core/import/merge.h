// Merging: several traces, each with its own clock and names, become one.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// One trace of a merge. `offset` is added to its times; processes are distinguished by file.
struct MergePart {
  TracePtr trace;
  TimeNs offset = 0;
};

/// Copies all parts into one trace with remapped names, launches, processes and tracks. Times
/// start at 0 for the earliest span of all. Ranks that occur twice keep their number; the label
/// then names the file. `alignments` of the result are left to the caller (see align.h).
TracePtr merge_traces(const std::vector<MergePart>& parts,
                      const std::vector<ClockAlignment>& alignments,
                      const std::vector<std::string>& warnings, Progress& progress);

}  // namespace moescope
