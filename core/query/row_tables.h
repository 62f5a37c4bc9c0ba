// The small tables: rows by number, no index.
#pragma once

#include "core/query/trace_tables.h"

namespace moescope {

/// Adds tracks, processes, devices, sm, samples, notes, loads, plans and meta.
int add_row_tables(sqlite3* database, const FindSource& find, TableSet set);

}  // namespace moescope
