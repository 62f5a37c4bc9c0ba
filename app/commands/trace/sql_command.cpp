#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/commands/command.h"
#include "app/commands/trace/open_files.h"
#include "core/plain_text.h"
#include "core/query/query_result.h"

namespace moescope {
namespace {

struct SqlArguments {
  std::filesystem::path file;
  std::string sql;
  RunChoice runs;
  std::optional<std::uint64_t> limit;
  bool csv = false, json = false, schema = false;
};

/// Ends a query of which enough rows were printed.
struct EnoughRows {};

/// Runs the query and passes at most the rows that are wanted; true when there are more.
bool run_query(QuerySession& session, const SqlArguments& arguments,
               const QuerySession::OnColumns& on_columns, const QuerySession::OnRow& on_row,
               Progress& progress) {
  std::uint64_t left = arguments.limit.value_or(std::numeric_limits<std::uint64_t>::max());
  try {
    session.run(
        arguments.sql, on_columns,
        [&](const auto& row) {
          if (left == 0) throw EnoughRows();
          --left;
          on_row(row);
        },
        progress);
  } catch (const EnoughRows&) {
    return true;
  }
  return false;
}

/// Of a result that is no JSON.
void note_more_rows(const SqlArguments& arguments, bool more) {
  if (more) fmt::print(stderr, "moescope: there are more rows than --limit {}\n", *arguments.limit);
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// NULL is an empty field, the empty text is "".
std::string csv_field(const QueryValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return to_text(value);
  return text->empty() ? "\"\"" : csv_text_field(*text);
}

nlohmann::ordered_json json_value(const QueryValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* real = std::get_if<double>(&value);
  if (real && std::isfinite(*real)) return *real;
  return nullptr;
}

template <typename Field>
std::string joined(const std::vector<QueryValue>& row, const char* separator, Field field) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) line += (i ? separator : "") + field(row[i]);
  return line;
}

void print_csv(QuerySession& session, const SqlArguments& arguments, Progress& progress) {
  const auto line = [](const std::vector<QueryValue>& row) {
    print(joined(row, ",", csv_field) + "\r\n");
  };
  const bool more = run_query(
      session, arguments,
      [&](const auto& names) { line(std::vector<QueryValue>(names.begin(), names.end())); }, line,
      progress);
  note_more_rows(arguments, more);
}

/// A document of dump(2) as it stands `depth` levels deep in another one.
std::string json_text(const nlohmann::ordered_json& json, std::size_t depth) {
  std::string text;
  for (const char c :
       printable_json(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace))) {
    text += c;
    if (c == '\n') text.append(2 * depth, ' ');
  }
  return text;
}

/// Row by row, so that a long result needs no memory. What fails midway leaves an unfinished
/// document, an error and exit code 1.
void print_result_json(QuerySession& session, const SqlArguments& arguments, Progress& progress) {
  bool any = false;
  const bool more = run_query(
      session, arguments,
      [&](const auto& names) {
        print("{\n  \"schema\": 1,\n  \"columns\": " + json_text(names, 1) + ",\n  \"rows\": [");
      },
      [&](const auto& row) {
        auto values = nlohmann::ordered_json::array();
        for (const auto& value : row) values.push_back(json_value(value));
        print((any ? ",\n    " : "\n    ") + json_text(values, 2));
        any = true;
      },
      progress);
  print(any ? "\n  ]" : "]");
  if (arguments.limit) print(more ? ",\n  \"truncated\": true" : ",\n  \"truncated\": false");
  print("\n}\n");
}

/// Tab separated, NULL spelled out: for reading.
void print_plain(QuerySession& session, const SqlArguments& arguments, Progress& progress) {
  const auto field = [](const QueryValue& value) {
    return std::holds_alternative<std::monostate>(value) ? std::string("NULL") : to_text(value);
  };
  const auto line = [&](const std::vector<QueryValue>& row) {
    print(joined(row, "\t", field) + "\n");
  };
  const bool more = run_query(
      session, arguments,
      [&](const auto& names) { line(std::vector<QueryValue>(names.begin(), names.end())); }, line,
      progress);
  note_more_rows(arguments, more);
}

void query_file(const SqlArguments& arguments) {
  if (arguments.schema) {
    print(trace_tables_schema());
    return;
  }
  if (arguments.sql.empty()) throw CLI::RequiredError("SQL");
  Progress& progress = command_progress();
  const TracePtr trace =
      open_files({arguments.file.string()}, ImportOptions{}, arguments.runs, progress);
  const auto& json = trace->info().rules_json;
  QuerySession session(
      trace, json.empty() ? RuleSet::built_in() : RuleSet::from_json(json, arguments.file.string()),
      trace->in_memory() ? std::filesystem::path() : arguments.file);
  if (arguments.csv) return print_csv(session, arguments, progress);
  if (arguments.json) return print_result_json(session, arguments, progress);
  print_plain(session, arguments, progress);
}

}  // namespace

void register_sql(CLI::App& app) {
  auto* command = app.add_subcommand("sql", "Query a trace in SQL; tables: --schema");
  auto arguments = std::make_shared<SqlArguments>();
  command->add_option("FILE", arguments->file, "Trace file or folder");
  command->add_option("SQL", arguments->sql, "SELECT, WITH or EXPLAIN statement");
  auto* csv = command->add_flag("--csv", arguments->csv, "Comma separated values (RFC 4180)");
  command->add_flag("--json", arguments->json, "One JSON document")->excludes(csv);
  command->add_option("--limit", arguments->limit,
                      "Most rows to print; \"truncated\" in the JSON says whether there are more");
  command->add_flag("--schema", arguments->schema, "Print the tables and their columns");
  add_merge_option(*command, arguments->runs);
  command->callback([arguments] { query_file(*arguments); });
}

}  // namespace moescope
