#include "core/query/table_list.h"

#include <re2/re2.h>
#include <sqlite3.h>

#include <memory>

#include "core/query/trace_tables.h"

namespace moescope {
namespace {

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Statement prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr);
  return {statement, &sqlite3_finalize};
}

std::string text(const Statement& statement, int column) {
  const auto* value = sqlite3_column_text(statement.get(), column);
  return value == nullptr ? std::string() : reinterpret_cast<const char*>(value);
}

/// The comment behind a column in the declaration of its table.
std::string note_of(const std::string& table, const std::string& column) {
  std::string declaration, note;
  const std::string schema = trace_tables_schema();
  RE2::PartialMatch(schema, "(?s)(CREATE TABLE " + RE2::QuoteMeta(table) + R"(\(.*?\n?\);))",
                    &declaration);
  RE2::PartialMatch(declaration, R"((?m)\b)" + RE2::QuoteMeta(column) + R"( [A-Z]+,? +-- (.+)$)",
                    &note);
  return note;
}

std::vector<TableDescription> describe_tables() {
  sqlite3* opened = nullptr;
  sqlite3_open(":memory:", &opened);
  const Database database(opened, &sqlite3_close);
  sqlite3_exec(opened, trace_tables_schema(), nullptr, nullptr, nullptr);
  std::vector<TableDescription> tables;
  const Statement names =
      prepare(opened, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid");
  while (sqlite3_step(names.get()) == SQLITE_ROW) {
    TableDescription table{text(names, 0), {}};
    const Statement columns =
        prepare(opened, "SELECT name, type FROM pragma_table_info('" + table.name + "')");
    while (sqlite3_step(columns.get()) == SQLITE_ROW)
      table.columns.push_back(
          {text(columns, 0), text(columns, 1), note_of(table.name, text(columns, 0))});
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace

const std::vector<TableDescription>& trace_table_list() {
  static const std::vector<TableDescription> tables = describe_tables();
  return tables;
}

}  // namespace moescope
