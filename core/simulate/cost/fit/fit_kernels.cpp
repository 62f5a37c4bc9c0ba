#include "core/simulate/cost/fit/fit_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/percentile.h"
#include "core/simulate/cost/all_to_all.h"
#include "core/simulate/cost/fit/least_squares.h"

namespace moescope {
namespace {

using Index = std::size_t;
using Rows = std::vector<const MeasuredRow*>;

constexpr double kOutlier = 0.1;  ///< relative error from which a row counts less
constexpr Index kRowsPerConstant = 2;
constexpr int kFolds = 3;
constexpr int kStarts = 3;

/// The formula of a kernel; nullptr where none fits.
const Formula* formula_of(const KernelId& id) {
  const auto& name = id.name;
  if (id.table == "experts")
    return find_formula(name.ends_with("decode")    ? "masked_experts"
                        : name.ends_with("prefill") ? "contiguous_experts"
                                                    : "grouped_experts");
  if (id.table == "alltoall")
    return find_formula(all_to_all_formula(name.substr(0, name.find(' ')),
                                           name.find(" nodes ") != std::string::npos));
  if (id.table == "attention")
    return find_formula(name.starts_with("decode") ? "decode_attention" : "prefill_attention");
  if (id.table == "end_to_end")
    return find_formula(name.ends_with("ttft") ? "served_prompt" : "served_step");
  if (id.table == "gemm")
    return find_formula(name.starts_with("fp8") ? "quantised_product" : "dense_product");
  return find_formula("collective");
}

std::vector<double> start_of(const Formula& formula, const DataSheet& sheet) {
  std::vector<double> start;
  for (const auto& c : formula.constants)
    start.push_back(std::clamp(c.start * figure_of(sheet, c.follows), c.least, c.most));
  return start;
}

LeastSquares fit(const Formula& formula, const Rows& rows, Leftover leftover,
                 const DataSheet& sheet, const Progress& progress) {
  std::vector<double> least, most;
  for (const auto& c : formula.constants) {
    // Nothing reads faster than memory does, or computes more than FP4 at twice the FP8 peak.
    const double peak = figure_of(sheet, c.follows) * (c.follows == Follows::Compute ? 2 : 1);
    const bool bounded = c.follows == Follows::Memory || c.follows == Follows::Compute;
    least.push_back(c.least);
    most.push_back(bounded ? std::min(c.most, peak) : c.most);
  }
  const auto residuals = [&](std::span<const double> constants, std::span<double> out) {
    for (Index i = 0; i < rows.size(); ++i)
      out[i] = std::log(formula.microseconds(constants, rows[i]->work_as(leftover), sheet) /
                        *rows[i]->measured_us);
  };
  // Floors and slopes can stand in for one another: the best of several starts counts.
  LeastSquares best;
  for (int attempt = 0; attempt < kStarts; ++attempt) {
    auto start = start_of(formula, sheet);
    for (Index i = 0; i < start.size(); ++i)
      if (formula.constants[i].follows == Follows::Nothing && attempt > 0)
        start[i] = std::clamp(start[i] * ((i + static_cast<Index>(attempt)) % 2 == 0 ? 4 : 0.25),
                              least[i], most[i]);
    auto found = least_squares(residuals, rows.size(), start, least, most, kOutlier, progress);
    if (attempt == 0 || found.cost < best.cost) best = std::move(found);
  }
  return best;
}

/// Rows of `all` that a fold leaves out: fold 0 values of the layout, the others of the size; every
/// second or third of the values between the lowest and the highest.
std::vector<char> left_out(const Rows& all, int fold) {
  const Index axis = fold == 0 ? 0 : 1;
  const auto step = static_cast<Index>(fold == 0 ? 2 : kFolds - 1);
  std::set<double> values;
  for (const auto* row : all) values.insert(row->axes[axis]);
  std::set<double> out;
  Index at = 0;
  for (const double v : values) {
    const bool inside = at > 0 && at + 1 < values.size();
    if (inside && at % step == static_cast<Index>(fold == 2 ? 0 : 1)) out.insert(v);
    ++at;
  }
  std::vector<char> chosen;
  for (const auto* row : all) chosen.push_back(out.contains(row->axes[axis]) ? 1 : 0);
  return chosen;
}

bool enough(const Rows& rows, const Formula& formula) {
  return rows.size() >= kRowsPerConstant * formula.constants.size();
}

/// Errors on whole values left out, of all folds.
std::vector<double> errors_left_out(const KernelCost& kernel, const Rows& rows,
                                    const DataSheet& sheet, const Progress& progress) {
  std::vector<double> errors;
  for (int fold = 0; fold < kFolds; ++fold) {
    const auto out = left_out(rows, fold);
    Rows kept, held;
    for (Index i = 0; i < rows.size(); ++i) (out[i] != 0 ? held : kept).push_back(rows[i]);
    if (held.empty() || !enough(kept, *kernel.formula)) continue;
    const auto constants = fit(*kernel.formula, kept, kernel.leftover, sheet, progress).constants;
    for (const auto* row : held)
      errors.push_back(
          std::abs(kernel.formula->microseconds(constants, row->work_as(kernel.leftover), sheet) /
                       *row->measured_us -
                   1));
  }
  return errors;
}

/// Fits the kernel and returns its errors on rows left out.
std::vector<double> fit_kernel(KernelCost& kernel, const Rows& rows, const DataSheet& sheet,
                               const Progress& progress) {
  auto best = fit(*kernel.formula, rows, Leftover::Random, sheet, progress);
  const bool skewed = std::any_of(rows.begin(), rows.end(),
                                  [](const auto* row) { return row->lowest.has_value(); });
  if (skewed) {
    auto lowest = fit(*kernel.formula, rows, Leftover::Lowest, sheet, progress);
    if (lowest.cost < best.cost) {
      best = std::move(lowest);
      kernel.leftover = Leftover::Lowest;
    }
  }
  kernel.constants = std::move(best.constants);
  auto errors = errors_left_out(kernel, rows, sheet, progress);
  if (!errors.empty()) {
    kernel.error = summarize_errors(errors);
    return errors;
  }
  // Too few values to leave some out: the errors of the fit itself, doubled, say how far it may be.
  for (const auto* row : rows)
    errors.push_back(
        2 * std::abs(kernel.microseconds(row->work_as(kernel.leftover), sheet) / *row->measured_us -
                     1));
  kernel.error = summarize_errors(std::move(errors));
  kernel.error.rows = 0;
  return {};
}

/// Name of the file that the rows of a kernel are from.
std::string source_of(const std::vector<MeasuredTable>& tables, const KernelId& id) {
  for (const auto& table : tables)
    if (table.name == id.table)
      return std::filesystem::path(table.csv.source()).filename().string();
  return id.table;
}

}  // namespace

CostError summarize_errors(std::vector<double> errors) {
  std::sort(errors.begin(), errors.end());
  const auto at = [&](int percent) { return errors[nearest_rank(errors.size(), percent)]; };
  return {static_cast<int>(errors.size()), at(50), at(90), at(95)};
}

FitResult fit_kernels(const std::vector<MeasuredTable>& tables, const std::string& system,
                      const DataSheet& sheet, Progress& progress) {
  std::map<KernelId, Rows> groups;
  for (const auto& table : tables)
    for (const auto& row : table.rows)
      if (row.system == system && row.measured_us && !row.unusual)
        groups[row.kernel].push_back(&row);
  if (groups.empty())
    throw Error(tables.empty() ? "" : tables.front().csv.source(), "column system",
                fmt::format("no measured row is of {}", system));
  FitResult result;
  std::vector<const Rows*> rows;
  for (const auto& [id, group] : groups) {
    const auto* formula = formula_of(id);
    if (!enough(group, *formula)) {
      result.notes.push_back(fmt::format("{}: {} rows are too few for {} constants", id.text(),
                                         group.size(), formula->constants.size()));
      continue;
    }
    result.kernels.push_back({.id = id, .formula = formula});
    rows.push_back(&group);
  }
  std::map<std::string, std::vector<double>> errors;
  for (Index k = 0; k < rows.size(); ++k) {
    auto& kernel = result.kernels[k];
    progress.report(static_cast<double>(k) / static_cast<double>(rows.size()),
                    "fitting " + kernel.id.text());
    const auto of_kernel = fit_kernel(kernel, *rows[k], sheet, progress);
    kernel.source =
        fmt::format("fitted to {} rows of {}", rows[k]->size(), source_of(tables, kernel.id));
    auto& of_table = errors[kernel.id.table];
    of_table.insert(of_table.end(), of_kernel.begin(), of_kernel.end());
  }
  for (auto& [table, list] : errors)
    if (!list.empty()) result.table_errors[table] = summarize_errors(std::move(list));
  return result;
}

}  // namespace moescope
