// Tables of measured kernel times: what a row means as work of a kernel.
//
// The five tables, their columns and the meaning of each are in docs/simulate.md. Which table a
// file is follows from its columns; those with the measured time may be absent.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "core/simulate/cost/kernel_costs.h"
#include "core/simulate/cost/table/csv_table.h"

namespace moescope {

struct MeasuredRow {
  std::size_t row = 0;  ///< index in CsvTable::rows()
  std::string system;   ///< "h100_sxm"
  KernelId kernel;
  Work work;
  /// Experts under a skew: the same with leftover tokens to the lowest numbers.
  std::optional<Work> lowest;
  std::optional<double> measured_us;  ///< when the file has the measured time
  /// Values of which whole ones are left out to judge a fit: the layout (GPUs, nodes, SMs, batch,
  /// columns of the product) and the size (tokens, context, rows of the product, bytes).
  std::array<double, 2> axes{};
  /// Measures something else than its columns say; not used for fits (docs/simulate.md).
  bool unusual = false;

  const Work& work_as(Leftover leftover) const {
    return leftover == Leftover::Lowest && lowest ? *lowest : work;
  }
};

struct MeasuredTable {
  std::string name;  ///< "experts", "alltoall", "attention", "gemm", "collectives", "end_to_end"
  CsvTable csv;
  std::vector<MeasuredRow> rows;  ///< empty for end_to_end: a row of it is no kernel
};

/// Throws Error with file, line and column: unknown or missing columns, values out of range, sizes
/// that do not divide, the same row twice, a time that is not positive. Cancelled.
MeasuredTable read_measured_table(const std::filesystem::path& path, Progress& progress);
/// The same from text. @param source name for errors
MeasuredTable parse_measured_table(std::string_view text, const std::string& source,
                                   Progress& progress);

/// The tables of a folder, by file name. Throws Error when it has none, or one is wrong.
std::vector<MeasuredTable> read_measured_folder(const std::filesystem::path& folder,
                                                Progress& progress);

}  // namespace moescope
