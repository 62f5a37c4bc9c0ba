// A thin wrapper of SQLite: errors become Error, handles close themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace moescope::sqlite {

/// One connection; used by one thread at a time.
class Database {
 public:
  /// Opens with the flags of sqlite3_open_v2. Throws Error naming the file.
  Database(const std::filesystem::path& path, int flags);
  /// The same for a file that SQLite knows as `uri`.
  Database(const std::filesystem::path& path, const std::string& uri, int flags);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const std::string& sql);
  /// First column of the first row as an integer; `fallback` when there is no row.
  std::int64_t value(const std::string& sql, std::int64_t fallback = 0);
  /// Closes and reports errors of closing; the destructor closes silently.
  void close();
  /// Throws Error for the last failed call.
  [[noreturn]] void fail(int code, const std::string& place) const;
  sqlite3* handle() const { return handle_; }
  const std::string& name() const { return name_; }

 private:
  sqlite3* handle_ = nullptr;
  std::string name_;
};

/// Opens a file that will not change, read-only: no locks and no side files.
std::unique_ptr<Database> open_immutable(const std::filesystem::path& path);

/// One prepared statement. Parameters count from 0 as columns do.
class Statement {
 public:
  Statement(Database& database, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  /// Steps to the next row; false at the end. Throws Error.
  bool step();
  /// Runs a statement without rows and makes it ready for the next binding.
  void run();
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  /// The value, which must lie in [low, high]: throws Error naming the place otherwise.
  std::int64_t integer(int column, std::int64_t low, std::int64_t high) const;
  double real(int column) const;
  std::string text(int column) const;
  /// Bytes of a BLOB; valid until the next step.
  std::string_view blob(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace moescope::sqlite
