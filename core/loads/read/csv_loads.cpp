// CSV: rows of counts, or the list that SGLang's recorder wrote up to 0.4.6.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/files/text_scan.h"
#include "core/loads/read/formats.h"

namespace moescope::load_formats {
namespace {

using Index = std::size_t;
constexpr std::string_view kListHeader = "layer_id,expert_id,count";

std::string_view trimmed(std::string_view field) {
  const auto first = field.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return field.substr(first, field.find_last_not_of(" \t\r") - first + 1);
}

double csv_number(std::string_view field, const std::string& source, std::int64_t line) {
  field = trimmed(field);
  double value = 0;
  const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failed != std::errc() || end != field.data() + field.size())
    throw Error(source, fmt::format("line {}", line),
                fmt::format("\"{}\" is not a number", field.substr(0, 40)),
                "Expected one row of counts per layer, separated by commas");
  return value;
}

/// The numbers of a line; their count is that of its commas plus one.
std::vector<double> csv_row(std::string_view line, const std::string& source, std::int64_t number) {
  std::vector<double> row;
  row.reserve(static_cast<Index>(std::count(line.begin(), line.end(), ',')) + 1);
  for (;;) {
    const auto comma = line.find(',');
    row.push_back(csv_number(line.substr(0, comma), source, number));
    if (comma == std::string_view::npos) return row;
    line.remove_prefix(comma + 1);
  }
}

/// Rows (layer, expert, count) in any order; what is not listed is zero.
LoadSet read_list(std::string_view text, const std::string& source) {
  LoadSet loads;
  loads.source = source;
  loads.format = "SGLang recorder (CSV)";
  loads.engine = "sglang";
  std::map<int, std::map<int, double>> layers;
  std::string_view line;
  std::int64_t number = 1;
  next_line(text, line);  // the header
  Index values = 0;
  while (next_line(text, line)) {
    ++number;
    if (trimmed(line).empty()) continue;
    const auto row = csv_row(line, source, number);
    const auto whole = [&](Index i, int limit) {
      return row[i] >= 0 && row[i] < limit && row[i] == std::floor(row[i]);
    };
    if (row.size() != 3 || !whole(0, kMaxPlanLayers) || !whole(1, kMaxPlanExperts))
      throw Error(source, fmt::format("line {}", number), "is not a layer, expert and count");
    if (++values > kMaxLoadRows)
      throw Error(source, fmt::format("line {}", number), "has more counts than can be kept");
    layers[static_cast<int>(row[0])][static_cast<int>(row[1])] += row[2];
    loads.experts = std::max(loads.experts, static_cast<int>(row[1]) + 1);
  }
  if (layers.empty()) throw Error(source, "", "holds no counts");
  LoadBudget(source).take(1, layers.size(), static_cast<Index>(loads.experts), "list");
  auto& window = loads.windows.emplace_back();
  for (const auto& [layer, counts] : layers) {
    loads.layer_ids.push_back(layer);
    auto& row = window.emplace_back(static_cast<Index>(loads.experts), 0.0);
    for (const auto& [expert, count] : counts) row[static_cast<Index>(expert)] = count;
  }
  loads.notes.emplace_back(
      "the list names experts with tokens only: the number of experts is the highest of them; each "
      "tensor-parallel rank writes the same tokens, so one file is enough");
  finish_loads(loads);
  return loads;
}

}  // namespace

LoadSet read_csv(std::string_view text, const std::string& source) {
  if (trimmed(text.substr(0, text.find('\n'))) == kListHeader) return read_list(text, source);
  LoadSet loads;
  loads.source = source;
  loads.format = "CSV";
  LoadBudget budget(source);
  bool open = false;
  std::string_view line;
  for (std::int64_t number = 1; next_line(text, line); ++number) {
    if (trimmed(line).empty()) {
      open = false;
      continue;
    }
    if (!open) loads.windows.emplace_back();
    open = true;
    auto row = csv_row(line, source, number);
    const auto place = fmt::format("line {}", number);
    budget.take_row(row.size(), place);
    budget.check_layers(loads.windows.back().size() + 1, place);
    loads.windows.back().push_back(std::move(row));
  }
  if (!loads.windows.empty()) loads.experts = static_cast<int>(loads.windows[0][0].size());
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
