// SQL queries over an open trace.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/progress.h"
#include "core/query/trace_tables.h"

namespace moescope {

/// A value of a result row; monostate is NULL. Blobs arrive as text.
using QueryValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// A private in-memory database that shows one trace. Used by one thread at a time.
class QuerySession {
 public:
  /// `recording`: the .moetrace that also holds loads and plans; when empty, those tables are
  /// empty.
  QuerySession(TracePtr trace, RuleSet rules, std::filesystem::path recording = {});
  ~QuerySession();

  using OnColumns = std::function<void(const std::vector<std::string>&)>;
  using OnRow = std::function<void(const std::vector<QueryValue>&)>;
  /// Runs one SELECT, WITH, VALUES or EXPLAIN; anything else is refused. Calls `on_columns` once,
  /// then `on_row` for every row. Throws Error with the position in `sql`, Cancelled.
  void run(const std::string& sql, const OnColumns& on_columns, const OnRow& on_row,
           Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
