// A trace as SQL tables: virtual tables over the columns, nothing is copied.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "core/analysis/classify.h"
#include "core/trace/trace.h"

struct sqlite3;

namespace moescope {

/// A trace and its classification, which is made when a query first asks for a class.
class QuerySource {
 public:
  QuerySource(TracePtr trace, RuleSet rules);
  const Trace& trace() const { return *trace_; }
  const Classification& classes() const;

 private:
  TracePtr trace_;
  RuleSet rules_;
  mutable std::once_flag once_;
  mutable Classification classes_;
};
using QuerySourcePtr = std::shared_ptr<const QuerySource>;

/// Finds the trace when a query first uses a table; may throw Error.
using FindSource = std::function<QuerySourcePtr()>;

enum class TableSet {
  All,      ///< for a database of our own
  Decoded,  ///< beside the tables of a .moetrace: only what these do not show as rows
};

/// Adds the tables to `database`. Returns an SQLite result code.
int add_trace_tables(sqlite3* database, FindSource find, TableSet set);

/// CREATE TABLE statements of all tables with a comment a column: what --schema prints.
const char* trace_tables_schema();

}  // namespace moescope
