// The table `spans`.
#pragma once

#include "core/query/trace_tables.h"

namespace moescope {

/// Adds the eponymous virtual table `spans`. Comparisons of track, process, rank, device, stream,
/// start, "end" and span with integers keep it from reading chunks that cannot match.
int add_span_table(sqlite3* database, const FindSource& find);

}  // namespace moescope
