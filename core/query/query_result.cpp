#include "core/query/query_result.h"

#include <fmt/format.h>

namespace moescope {
namespace {

/// Ends a query that has given enough; nothing is wrong.
struct EnoughRows {};

}  // namespace

QueryResult run_limited(QuerySession& session, const std::string& sql, std::size_t most,
                        Progress& progress) {
  QueryResult result;
  try {
    session.run(
        sql, [&](const std::vector<std::string>& columns) { result.columns = columns; },
        [&](const std::vector<QueryValue>& row) {
          result.limited = result.rows.size() == most;
          if (result.limited) throw EnoughRows();
          result.rows.push_back(row);
        },
        progress);
  } catch (const EnoughRows&) {
  }
  return result;
}

std::string to_text(const QueryValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  // Shortest text that reads back as the same number; SQLite never returns NaN.
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

}  // namespace moescope
