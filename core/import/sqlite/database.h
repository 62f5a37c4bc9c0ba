// Reading a foreign SQLite database: read-only, bounded, with errors that name the table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

struct sqlite3;
struct sqlite3_stmt;

namespace moescope::foreign {

/// A table as this file has it: which columns exist differs between exports.
struct TableShape {
  std::string name;                  ///< as stored, e.g. "NVTX_EVENTS_V2"
  std::vector<std::string> columns;  ///< in the order of the file
  bool has(std::string_view column) const;
};

class Rows;

/// An open database. Not safe for use by several threads.
class Database {
 public:
  /// Opens `path` read-only and immutable. Throws Error when it is no readable SQLite database.
  /// @param remedy what to do about a damaged one, for errors
  Database(const std::filesystem::path& path, Progress& progress, std::string remedy);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// The plain table `name`, else its highest version "name_V<n>"; nullptr when the file has none.
  const TableShape* table(std::string_view name) const;
  /// Names of all plain tables; views and virtual tables of a foreign file are never run.
  std::vector<std::string> table_names() const;
  /// All rows of `table`, ordered by `order_by` ("" = as stored). Every column is selected.
  Rows rows(const TableShape& table, const std::string& order_by = {}) const;

  const std::string& source() const { return source_; }
  const std::string& remedy() const { return remedy_; }
  Progress& progress() const { return *progress_; }
  /// Throws Error for the last failure of SQLite, Cancelled when the user stopped it.
  [[noreturn]] void fail(const std::string& place) const;
  /// Rows a table of this file can have at most: more means pages that refer to each other.
  std::uint64_t max_rows() const { return max_rows_; }

 private:
  friend class Rows;
  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;
  void prepare(const std::string& sql, const std::string& table, Statement& statement) const;
  void read_schema();

  std::string source_, remedy_;
  Progress* progress_;
  std::uint64_t max_rows_ = 0;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> db_;
  std::map<std::string, TableShape, std::less<>> tables_;
};

/// A cursor over the rows of one table. Columns are numbered as in TableShape::columns.
class Rows {
 public:
  Rows(const Database& database, const TableShape& table, const std::string& order_by);

  /// Steps to the next row; false at the end. Throws Error when the database is damaged.
  bool next();
  const TableShape& table() const { return *table_; }
  /// Column number of `name`, -1 when this export has no such column.
  int column(std::string_view name) const;
  /// The value when it is an integer, else nullopt (also for column -1).
  std::optional<std::int64_t> integer(int column) const;
  std::int64_t integer_or(int column, std::int64_t fallback) const {
    return integer(column).value_or(fallback);
  }
  bool is_null(int column) const;
  /// The value as text, "" for NULL; valid until the next step.
  std::string_view text(int column) const;
  /// Appends the value as JSON: number, string, or hexadecimal text for bytes.
  void append_json(int column, std::string& out) const;

 private:
  const Database* database_;
  const TableShape* table_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
  std::uint64_t count_ = 0;
  mutable std::uint64_t text_bytes_ = 0;
};

/// True for the first bytes of a SQLite database.
bool is_sqlite(std::string_view head);

/// Appends `text` as a JSON string; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace moescope::foreign
