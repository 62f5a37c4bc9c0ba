// Loadable SQLite extension: `.load moescope_sqlite` in a database that is a .moetrace adds the
// tables spans, sm and samples.
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <memory>

#include "core/error.h"
#include "core/query/trace_tables.h"
#include "core/trace/file/moetrace.h"

namespace {

/// Opens the connection's main database as a trace when a query first needs it.
moescope::FindSource source_of(sqlite3* database) {
  auto opened = std::make_shared<moescope::QuerySourcePtr>();
  return [database, opened] {
    if (*opened) return *opened;
    const char* file = sqlite3_db_filename(database, "main");
    if (!file || !*file)
      throw moescope::Error("moescope", "", "the main database is not a file",
                            "Open a .moetrace file first: sqlite3 FILE.moetrace");
    auto trace = moescope::open_moetrace(file);
    const auto& json = trace->info().rules_json;
    auto rules =
        json.empty() ? moescope::RuleSet::built_in() : moescope::RuleSet::from_json(json, file);
    *opened = std::make_shared<const moescope::QuerySource>(std::move(trace), std::move(rules));
    return *opened;
  };
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int sqlite3_moescopesqlite_init(
    sqlite3* database, char** message, const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api);
  try {
    return moescope::add_trace_tables(database, source_of(database), moescope::TableSet::Decoded);
  } catch (const std::exception& error) {
    *message = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}
