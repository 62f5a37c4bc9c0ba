// The figures of one rank: of the row or rank that all views are filtered by.
#pragma once

#include "views/details/area_details.h"

namespace moescope {

struct RankDetails {
  TracePtr trace;
  ProcessId process = 0;
  std::vector<DeviceOverlap> devices;  ///< of the process, over the whole trace
  std::vector<std::size_t> ranks;      ///< [device] by exposed communication; 1 has the most
  std::size_t of = 0;                  ///< devices of the trace
  std::optional<WorstDevice> worst;
};

/// For a job. Throws Cancelled, Error.
RankDetails read_rank_details(const TracePtr& trace, const AnalysisPtr& analysis, ProcessId process,
                              Progress& progress);
void add_rank_rows(const FactRows& rows, const RankDetails& details);

}  // namespace moescope
