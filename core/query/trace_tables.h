// A trace as SQL tables: virtual tables over the columns, nothing is copied.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "core/analysis/spans/classify.h"
#include "core/trace/file/moetrace_loads.h"
#include "core/trace/trace.h"

struct sqlite3;

namespace moescope {

/// Expert loads and plans that lie beside the spans of a .moetrace.
struct RecordedRows {
  std::vector<LoadRow> loads;
  std::vector<std::int64_t> load_begins;  ///< of each load: counts in all loads before it
  std::vector<PlanRow> plans;
};

/// A trace and what queries compute on first use: the classification, recorded rows.
class QuerySource {
 public:
  /// `recording`: the .moetrace with the loads and plans; empty: there are none.
  QuerySource(TracePtr trace, RuleSet rules, std::filesystem::path recording = {});
  const Trace& trace() const { return *trace_; }
  const Classification& classes() const;
  const RecordedRows& recorded() const;

 private:
  TracePtr trace_;
  RuleSet rules_;
  std::filesystem::path recording_;
  mutable std::once_flag once_, recorded_once_;
  mutable RecordedRows recorded_;
  mutable Classification classes_;
};
using QuerySourcePtr = std::shared_ptr<const QuerySource>;

/// Finds the trace when a query first uses a table; may throw Error.
using FindSource = std::function<QuerySourcePtr()>;

enum class TableSet {
  All,      ///< for a database of the program
  Decoded,  ///< beside the tables of a .moetrace: only what these do not show as rows
};

/// Adds the tables to `database`. Returns an SQLite result code.
int add_trace_tables(sqlite3* database, FindSource find, TableSet set);

/// CREATE TABLE statements of all tables with one comment per column, as --schema prints them.
const char* trace_tables_schema();

}  // namespace moescope
