#include "core/query/query.h"

#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

#include "core/error.h"

namespace moescope {
namespace {

constexpr int kOperationsBetweenChecks = 10000;

/// What SQLite's own functions do that only compute. Others can load code (load_extension), hand
/// out pointers (fts3_tokenizer), open files or block; a new one has to be looked at first.
constexpr std::string_view kFunctions[] = {"->",
                                           "->>",
                                           "abs",
                                           "acos",
                                           "acosh",
                                           "asin",
                                           "asinh",
                                           "atan",
                                           "atan2",
                                           "atanh",
                                           "avg",
                                           "ceil",
                                           "ceiling",
                                           "char",
                                           "coalesce",
                                           "concat",
                                           "concat_ws",
                                           "cos",
                                           "cosh",
                                           "count",
                                           "cume_dist",
                                           "current_date",
                                           "current_time",
                                           "current_timestamp",
                                           "date",
                                           "datetime",
                                           "degrees",
                                           "dense_rank",
                                           "exp",
                                           "first_value",
                                           "floor",
                                           "format",
                                           "glob",
                                           "group_concat",
                                           "hex",
                                           "ifnull",
                                           "iif",
                                           "instr",
                                           "json",
                                           "json_array",
                                           "json_array_length",
                                           "json_each",
                                           "json_extract",
                                           "json_group_array",
                                           "json_group_object",
                                           "json_object",
                                           "json_quote",
                                           "json_tree",
                                           "json_type",
                                           "json_valid",
                                           "julianday",
                                           "lag",
                                           "last_value",
                                           "lead",
                                           "length",
                                           "like",
                                           "likelihood",
                                           "likely",
                                           "ln",
                                           "log",
                                           "log10",
                                           "log2",
                                           "lower",
                                           "ltrim",
                                           "max",
                                           "min",
                                           "mod",
                                           "nth_value",
                                           "ntile",
                                           "nullif",
                                           "octet_length",
                                           "percent_rank",
                                           "pi",
                                           "pow",
                                           "power",
                                           "printf",
                                           "quote",
                                           "radians",
                                           "random",
                                           "rank",
                                           "replace",
                                           "round",
                                           "row_number",
                                           "rtrim",
                                           "sign",
                                           "sin",
                                           "sinh",
                                           "sqrt",
                                           "strftime",
                                           "string_agg",
                                           "substr",
                                           "substring",
                                           "sum",
                                           "tan",
                                           "tanh",
                                           "time",
                                           "timediff",
                                           "total",
                                           "trim",
                                           "trunc",
                                           "typeof",
                                           "unhex",
                                           "unicode",
                                           "unixepoch",
                                           "unlikely",
                                           "upper"};

bool allowed_function(const char* name) {
  std::string lower(name ? name : "");
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(std::begin(kFunctions), std::end(kFunctions), lower) != std::end(kFunctions);
}

/// Reading is allowed, everything else is not: no writes, no ATTACH, no PRAGMA, no extensions.
int authorize(void*, int action, const char*, const char* detail, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return allowed_function(detail) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

QueryValue value_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return std::monostate{};
    default: {
      const auto* text = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return text ? std::string(text, size) : std::string();
    }
  }
}

}  // namespace

struct QuerySession::State {
  sqlite3* database = nullptr;

  ~State() { sqlite3_close(database); }

  [[noreturn]] static void refuse_statement() {
    throw Error("SQL", "", "only reading is possible: use SELECT, WITH or EXPLAIN");
  }
  [[noreturn]] void fail(const std::string& sql, int code) const {
    const std::string message = sqlite3_errmsg(database);
    // SQLite names the forbidden function.
    if (message.find("to use function") != std::string::npos)
      throw Error("SQL", "", message, "Functions that only compute are allowed");
    if (code == SQLITE_AUTH) refuse_statement();
    const int at = sqlite3_error_offset(database);
    std::string place;
    if (at >= 0)
      place = "character " + std::to_string(at + 1) + " ('" +
              sql.substr(static_cast<std::size_t>(at), 20) + "')";
    throw Error("SQL", place, message, "Check the names against the tables", "--schema");
  }
};

QuerySession::QuerySession(TracePtr trace, RuleSet rules, std::filesystem::path recording)
    : state_(std::make_unique<State>()) {
  auto source =
      std::make_shared<const QuerySource>(std::move(trace), std::move(rules), std::move(recording));
  if (sqlite3_open_v2(":memory:", &state_->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                      nullptr) != SQLITE_OK ||
      add_trace_tables(
          state_->database, [source] { return source; }, TableSet::All) != SQLITE_OK)
    throw Error("SQL", "", std::string("cannot start: ") + sqlite3_errmsg(state_->database));
  // The tables declare their columns on first use, which the authorizer of queries forbids.
  for (const char* table : {"spans", "tracks", "processes", "devices", "sm", "samples", "notes",
                            "losses", "loads", "plans", "meta"}) {
    const std::string sql = std::string("SELECT 1 FROM ") + table + " LIMIT 0";
    const int code = sqlite3_exec(state_->database, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) state_->fail(sql, code);
  }
  sqlite3_limit(state_->database, SQLITE_LIMIT_LENGTH, 1 << 28);
}

QuerySession::~QuerySession() = default;

void QuerySession::run(const std::string& sql, const OnColumns& on_columns, const OnRow& on_row,
                       Progress& progress) {
  auto* database = state_->database;
  sqlite3_set_authorizer(database, authorize, nullptr);
  sqlite3_progress_handler(
      database, kOperationsBetweenChecks,
      [](void* p) { return static_cast<const Progress*>(p)->cancelled() ? 1 : 0; }, &progress);
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v2(database, sql.c_str(), -1, &raw, &rest);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  if (code != SQLITE_OK) state_->fail(sql, code);
  if (!raw) throw Error("SQL", "", "the statement is empty", "Write a SELECT");
  if (std::string_view(rest).find_first_not_of(" \t\r\n;") != std::string_view::npos)
    throw Error("SQL", "character " + std::to_string(rest - sql.c_str() + 1),
                "one statement at a time");
  // REINDEX, for one, finds nothing to do that the authorizer could refuse.
  if (sqlite3_column_count(raw) == 0) State::refuse_statement();
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(raw); ++i)
    names.emplace_back(sqlite3_column_name(raw, i));
  on_columns(names);
  std::vector<QueryValue> row(names.size());
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = value_of(raw, static_cast<int>(i));
    on_row(row);
  }
  if (code == SQLITE_INTERRUPT) throw Cancelled();
  if (code != SQLITE_DONE) state_->fail(sql, code);
}

}  // namespace moescope
