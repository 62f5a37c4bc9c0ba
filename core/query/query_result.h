// The rows of a question, as many as somebody will look at.
#pragma once

#include <string>
#include <vector>

#include "core/query/query.h"

namespace moescope {

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<QueryValue>> rows;
  bool limited = false;  ///< there are more rows
};

/// Runs `sql` and stops after `most` rows. Throws Error, Cancelled.
QueryResult run_limited(QuerySession& session, const std::string& sql, std::size_t most,
                        Progress& progress);

/// The text of a value as --csv prints it; NULL is empty.
std::string to_text(const QueryValue& value);

}  // namespace moescope
