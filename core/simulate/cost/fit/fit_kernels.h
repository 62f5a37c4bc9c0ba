// Fits kernel constants to measured tables, and says how far they are off on rows left out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/simulate/cost/table/measured_table.h"

namespace moescope {

struct FitResult {
  std::vector<KernelCost> kernels;                ///< with errors on rows left out
  std::map<std::string, CostError> table_errors;  ///< of all kernels of a table
  std::vector<std::string> notes;                 ///< kernels that could not be fitted, and why
};

/// |predicted / measured - 1| of `errors`. @pre not empty
CostError summarize_errors(std::vector<double> errors);

/// Fits every kernel of one system that has enough rows in `tables`. The relative errors are least
/// in the sense of least_squares(). Whole values (of GPUs, nodes or SMs, of tokens, of batches) are
/// left out in turn, never the lowest or the highest: the error is that of rows whose value the
/// constants have not seen. The constants are then fitted to all rows.
/// @param system of the rows to use, "h100_sxm"
/// Throws Error when the tables have no measured rows of the system; Cancelled.
FitResult fit_kernels(const std::vector<MeasuredTable>& tables, const std::string& system,
                      const DataSheet& sheet, Progress& progress);

}  // namespace moescope
