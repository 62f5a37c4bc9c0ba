// Several load dumps opened together.
#pragma once

#include "core/loads/open/open_loads.h"

namespace moescope {

/// Joins sets of the same kind (format, unit, shape, layer ids, top k, GPUs) into one series: the
/// windows of one after those of the other, in the order given. Sets that overlap in time, or
/// together exceed kMaxLoadValues, stay separate. Notes say what was joined.
std::vector<LoadSet> join_loads(std::vector<LoadSet> sets);

/// Opens all of `paths`: dumps of the same kind as one series in the natural order of their names
/// ("w9" before "w10"), SGLang's files of single ranks as the sum of the ranks, others as further
/// sets. Notes name files that could not be opened beside others, and a second log. Throws Error
/// when none can be opened, AmbiguousArray when `reading` has to be more specific, Cancelled.
LoadContent open_all_loads(std::vector<std::filesystem::path> paths, Progress& progress,
                           const LoadReading& reading = {});

}  // namespace moescope
