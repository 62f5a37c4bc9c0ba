#include "core/trace/file/sqlite.h"

#include <sqlite3.h>

#include "core/error.h"

namespace moescope::sqlite {
namespace {

const char* remedy_for(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "Free space on the disk and try again";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return "Check that the file exists and that you may read or write it and its folder";
    case SQLITE_NOTADB:
      return "Choose a .moetrace file";
    case SQLITE_CORRUPT:
      return "The file was cut or changed after it was written; record or import it again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "Another program holds the file; try again when it is done";
    default:
      return "";
  }
}

}  // namespace

Database::Database(const std::filesystem::path& path, int flags)
    : Database(path, path.string(), flags) {}

Database::Database(const std::filesystem::path& path, const std::string& uri, int flags)
    : name_(path.string()) {
  const int code = sqlite3_open_v2(uri.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const std::string problem = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    sqlite3_close(handle_);
    handle_ = nullptr;
    throw Error(name_, "", "cannot open: " + problem, remedy_for(code));
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
}

std::unique_ptr<Database> open_immutable(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    constexpr char kHex[] = "0123456789ABCDEF";
    if (c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += kHex[static_cast<unsigned char>(c) >> 4];
      uri += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      uri += c;
    }
  }
  return std::make_unique<Database>(path, uri + "?mode=ro&immutable=1",
                                    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

void Database::close() {
  const int code = sqlite3_close(handle_);
  if (code != SQLITE_OK) fail(code, "closing");
  handle_ = nullptr;
}

void Database::fail(int code, const std::string& place) const {
  throw Error(name_, place, sqlite3_errmsg(handle_), remedy_for(code));
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, sql.substr(0, 60));
}

std::int64_t Database::value(const std::string& sql, std::int64_t fallback) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : fallback;
}

Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database.handle(), sql.c_str(), static_cast<int>(sql.size()),
                                      &statement_, nullptr);
  if (code != SQLITE_OK) database.fail(code, sql.substr(0, 60));
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_, index + 1, value);
  return *this;
}
Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_, index + 1, value);
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_, index + 1, text.data() ? text.data() : "", text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, index + 1, bytes.data() ? bytes.data() : "", bytes.size(),
                      SQLITE_STATIC);
  return *this;
}
Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_, index + 1);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code, std::string(sqlite3_sql(statement_)).substr(0, 60));
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::int64_t Statement::integer(int column, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = integer(column);
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER || value < low || value > high) {
    const char* table = sqlite3_column_name(statement_, column);
    throw Error(database_.name(), std::string("column ") + (table ? table : "?"),
                "holds '" + text(column).substr(0, 40) + "', expected an integer from " +
                    std::to_string(low) + " to " + std::to_string(high),
                "The file was changed after it was written; record or import it again");
  }
  return value;
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (!text) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (!data) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace moescope::sqlite
