#include "core/import/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace moescope::foreign {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr int kMaxValueBytes = 64 << 20;
constexpr int kStepsBetweenChecks = 10000;
constexpr std::uint64_t kMinBytesPerRow = 4;  // cell pointer, payload size, rowid: never less
constexpr std::uint64_t kMaxTextPerRow = 8 * kMinBytesPerRow;  // a value may be asked for twice

/// The path as a SQLite URI that promises not to write, lock or create anything.
std::string read_only_uri(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#')
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      uri += c;
  }
  return uri + "?mode=ro&immutable=1";
}

std::string quote_name(std::string_view identifier) {
  std::string text = "\"";
  for (const char c : identifier) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Bytes the database header says the file has, 0 when it does not say so reliably.
std::uint64_t promised_size(const std::filesystem::path& path) {
  std::string header(100, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(header.data(), static_cast<std::streamsize>(header.size()))) return 0;
  if (big_endian(header, 24, 4) != big_endian(header, 92, 4)) return 0;
  const std::uint64_t page = big_endian(header, 16, 2);
  return (page == 1 ? 65536 : page) * big_endian(header, 28, 4);
}

int stop_when_cancelled(void* progress) {
  return static_cast<const Progress*>(progress)->cancelled() ? 1 : 0;
}

}  // namespace

bool TableShape::has(std::string_view column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

Database::Database(const std::filesystem::path& path, Progress& progress, std::string remedy)
    : source_(path.string()),
      remedy_(std::move(remedy)),
      progress_(&progress),
      db_(nullptr, sqlite3_close_v2) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Error(source_, "", "cannot be read: " + error.message());
  if (promised_size(path) > size)
    throw Error(source_, "", "the database is damaged (cut off before its end)", remedy_);
  max_rows_ = size / kMinBytesPerRow;
  sqlite3* db = nullptr;
  const int status = sqlite3_open_v2(read_only_uri(path).c_str(), &db,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  db_.reset(db);
  if (status != SQLITE_OK) fail("");
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_progress_handler(db, kStepsBetweenChecks, stop_when_cancelled, progress_);
  sqlite3_exec(db, "PRAGMA cell_size_check=ON", nullptr, nullptr, nullptr);
  read_schema();
}

Database::~Database() = default;

void Database::fail(const std::string& place) const {
  progress_->check();
  const int code = db_ ? sqlite3_errcode(db_.get()) : SQLITE_NOMEM;
  const std::string message = db_ ? sqlite3_errmsg(db_.get()) : "out of memory";
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_IOERR:
      throw Error(source_, place, "the database is damaged or incomplete (" + message + ")",
                  remedy_);
    case SQLITE_FULL:
      throw Error(source_, place, "no space for sorting (" + message + ")",
                  "Set SQLITE_TMPDIR to a folder with more space");
    default:
      throw Error(source_, place, "cannot be read as a SQLite database (" + message + ")");
  }
}

void Database::prepare(const std::string& sql, const std::string& table,
                       Statement& statement) const {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr);
  statement.reset(raw);
  if (status != SQLITE_OK) fail("table " + table);
}

void Database::read_schema() {
  static const TableShape schema{"sqlite_master", {"type", "name", "sql"}};
  Rows found(*this, schema, "");
  std::vector<std::string> names;
  while (found.next()) {
    const std::string_view sql = found.text(2);
    if (found.text(0) != "table" || sql.substr(0, 13) != "CREATE TABLE ") continue;
    names.emplace_back(found.text(1));
  }
  for (const auto& name : names) {
    TableShape shape{name, {}};
    Statement statement(nullptr, sqlite3_finalize);
    prepare("SELECT name FROM pragma_table_info(?1)", name, statement);
    sqlite3_stmt* raw = statement.get();
    sqlite3_bind_text(raw, 1, name.c_str(), -1, SQLITE_TRANSIENT);
    int status = SQLITE_ROW;
    while ((status = sqlite3_step(raw)) == SQLITE_ROW)
      shape.columns.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)));
    if (status != SQLITE_DONE) fail("table " + name);
    if (!shape.columns.empty()) tables_.emplace(name, std::move(shape));
  }
}

const TableShape* Database::table(std::string_view name) const {
  if (const auto it = tables_.find(name); it != tables_.end()) return &it->second;
  const TableShape* best = nullptr;
  int best_version = 0;
  const std::string prefix = std::string(name) + "_V";
  for (auto it = tables_.lower_bound(prefix);
       it != tables_.end() && it->first.compare(0, prefix.size(), prefix) == 0; ++it) {
    int version = 0;
    const char* end = it->first.data() + it->first.size();
    const auto parsed = std::from_chars(it->first.data() + prefix.size(), end, version);
    if (parsed.ec != std::errc() || parsed.ptr != end || version <= best_version) continue;
    best = &it->second;
    best_version = version;
  }
  return best;
}

std::vector<std::string> Database::table_names() const {
  std::vector<std::string> names;
  for (const auto& [name, shape] : tables_) names.push_back(name);
  return names;
}

Rows Database::rows(const TableShape& table, const std::string& order_by) const {
  return Rows(*this, table, order_by);
}

Rows::Rows(const Database& database, const TableShape& table, const std::string& order_by)
    : database_(&database), table_(&table), statement_(nullptr, sqlite3_finalize) {
  std::string sql = "SELECT ";
  for (const auto& column : table.columns)
    sql += (&column == &table.columns.front() ? "" : ",") + quote_name(column);
  sql += " FROM " + quote_name(table.name);
  if (!order_by.empty()) sql += " ORDER BY " + order_by;
  database_->prepare(sql, table.name, statement_);
}

bool Rows::next() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_DONE) return false;
  if (status != SQLITE_ROW) database_->fail("table " + table_->name);
  if (++count_ > database_->max_rows())
    throw Error(database_->source(), "table " + table_->name,
                "the database is damaged (more rows than the file has room for)",
                database_->remedy());
  return true;
}

int Rows::column(std::string_view name) const {
  const auto& columns = table_->columns;
  const auto it = std::find(columns.begin(), columns.end(), name);
  return it == columns.end() ? -1 : static_cast<int>(it - columns.begin());
}

std::optional<std::int64_t> Rows::integer(int column) const {
  if (column < 0 || sqlite3_column_type(statement_.get(), column) != SQLITE_INTEGER) return {};
  return sqlite3_column_int64(statement_.get(), column);
}

bool Rows::is_null(int column) const {
  return column < 0 || sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Rows::text(int column) const {
  if (is_null(column)) return {};
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (data == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  text_bytes_ += size;
  if (text_bytes_ > database_->max_rows() * kMaxTextPerRow)
    throw Error(database_->source(), "table " + table_->name,
                "the database is damaged (more text than the file has room for)",
                database_->remedy());
  return {data, size};
}

void Rows::append_json(int column, std::string& out) const {
  sqlite3_stmt* row = statement_.get();
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      fmt::format_to(std::back_inserter(out), "{}", sqlite3_column_int64(row, column));
      return;
    case SQLITE_FLOAT: {
      const double value = sqlite3_column_double(row, column);
      if (std::isfinite(value))
        fmt::format_to(std::back_inserter(out), "{}", value);
      else
        append_json_string(fmt::format("{}", value), out);
      return;
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const unsigned char*>(sqlite3_column_blob(row, column));
      out += "\"0x";
      for (int i = 0; i < sqlite3_column_bytes(row, column); ++i)
        fmt::format_to(std::back_inserter(out), "{:02x}", data[i]);
      out += '"';
      return;
    }
    case SQLITE_TEXT:
      append_json_string(text(column), out);
      return;
    default:
      out += "null";
  }
}

bool is_sqlite(std::string_view head) {
  return head.starts_with(kMagic);
}

void append_json_string(std::string_view text, std::string& out) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain) {
    out.append("\"").append(text).append("\"");
    return;
  }
  out += nlohmann::json(std::string(text))
             .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace moescope::foreign
