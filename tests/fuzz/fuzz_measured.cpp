// Any text as a table of measured kernel times: an Error that names file and place, or rows whose
// work has a time, finite and above zero.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "core/simulate/cost/table/measured_table.h"
#include "core/simulate/cost_answers.h"

namespace {

using moescope::MeasuredTable;

constexpr const char* kSource = "fuzz.csv";
constexpr std::ptrdiff_t kMostLines = 4;  ///< draws of a skewed row take time; more say no more

void require(bool holds) {
  if (!holds) std::abort();
}

void check_rows(const MeasuredTable& table) {
  require(!table.csv.rows().empty() && !table.csv.columns().empty());
  for (const auto& line : table.csv.rows())
    require(line.line > 1 && line.fields.size() == table.csv.columns().size());
  require(table.rows.empty() == (table.name == "end_to_end"));
  for (const auto& row : table.rows) {
    require(row.row < table.csv.rows().size() && row.kernel.table == table.name);
    require(!row.system.empty() && !row.kernel.name.empty());
    if (row.measured_us) require(std::isfinite(*row.measured_us) && *row.measured_us > 0);
  }
}

void check_answers(const MeasuredTable& table) {
  const auto answers = moescope::answer_rows(table, std::nullopt, moescope::no_progress());
  require(answers.rows.size() == table.csv.rows().size());
  for (const auto& row : answers.rows)
    require(std::isfinite(row.predicted_us) && row.predicted_us > 0 &&
            std::isfinite(row.error_us) && row.error_us >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (std::count(text.begin(), text.end(), '\n') > kMostLines) return 0;
  try {
    const auto table = moescope::parse_measured_table(text, kSource, moescope::no_progress());
    check_rows(table);
    check_answers(table);
  } catch (const moescope::Error& error) {
    require(error.source() == kSource && !error.problem().empty());
  }
  return 0;
}
