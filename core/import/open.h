// Opening: any mix of files and folders becomes one Trace.
#pragma once

#include <filesystem>
#include <vector>

#include "core/import/importer.h"
#include "core/import/same_run.h"
#include "core/trace/trace.h"

namespace moescope {

/// Opens files (and the trace files directly inside folders) as one trace, a process per rank.
/// Several files: they have to be of one run (see sort_by_run()), clocks are aligned on the ends of
/// matching collectives and the result is reported in TraceInfo::alignments and warnings. A single
/// .moetrace opens lazily. Throws Error, SeveralRuns, Cancelled.
TracePtr open_trace(const std::vector<std::filesystem::path>& paths, const ImportOptions& options,
                    Progress& progress, OtherRuns other_runs = OtherRuns::Refused);

}  // namespace moescope
