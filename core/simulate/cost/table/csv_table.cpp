#include "core/simulate/cost/table/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

/// The fields of one line; false when a quote is not closed.
bool split(std::string_view line, std::vector<std::string>& fields) {
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      field += c;
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  fields.push_back(std::move(field));
  return !quoted;
}

std::string place_of(std::size_t line) {
  return fmt::format("line {}", line);
}

}  // namespace

CsvTable CsvTable::read(const std::filesystem::path& path) {
  return parse(read_text_file(path, kMaxBytes), path.string());
}

CsvTable CsvTable::parse(std::string_view text, const std::string& source) {
  CsvTable table;
  table.source_ = source;
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    std::vector<std::string> fields;
    if (!split(line, fields))
      throw Error(table.source_, place_of(number), "has a quote that is not closed");
    if (table.columns_.empty()) {
      table.header_ = line;
      table.columns_ = std::move(fields);
      for (auto a = table.columns_.begin(); a != table.columns_.end(); ++a)
        if (std::find(table.columns_.begin(), a, *a) != a)
          throw Error(table.source_, place_of(number),
                      fmt::format("has the column \"{}\" twice", *a));
      continue;
    }
    if (fields.size() != table.columns_.size())
      throw Error(
          table.source_, place_of(number),
          fmt::format("has {} fields, the header has {}", fields.size(), table.columns_.size()));
    table.rows_.push_back({number, std::string(line), std::move(fields)});
  }
  if (table.columns_.empty()) throw Error(table.source_, "", "is empty: a header was expected");
  return table;
}

bool CsvTable::has(std::string_view column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

std::string_view CsvTable::text(const Row& row, std::string_view column) const {
  const auto at = std::find(columns_.begin(), columns_.end(), column);
  if (at == columns_.end()) return {};
  return row.fields[static_cast<std::size_t>(at - columns_.begin())];
}

double CsvTable::number(const Row& row, std::string_view column, double least, double most) const {
  const auto field = text(row, column);
  double value = 0;
  const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failed != std::errc() || end != field.data() + field.size() || !(value >= least) ||
      !(value <= most))
    fail(row, column, fmt::format("\"{}\" is not a number from {} to {}", field, least, most));
  return value;
}

int CsvTable::whole(const Row& row, std::string_view column, int least, int most) const {
  const double value = number(row, column, least, most);
  if (value != std::floor(value))
    fail(row, column, fmt::format("\"{}\" is not a whole number", text(row, column)));
  return static_cast<int>(value);
}

void CsvTable::fail(const Row& row, std::string_view column, const std::string& problem) const {
  throw Error(source_, fmt::format("line {}, column {}", row.line, column), problem);
}

}  // namespace moescope
