// Predicted times for the rows of a table of kernels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/simulate/cost/table/measured_table.h"
#include "core/simulate/model/hardware.h"

namespace moescope {

struct CostAnswer {
  double predicted_us = 0;
  double error_us =
      0;  ///< half the width of the bar that nine of ten rows left out of the fit kept
  /// When the table has the measured time and the row measures what its columns say.
  std::optional<double> measured_us;
  std::optional<double> first_token_us;  ///< rows of end_to_end
};

struct CostAnswers {
  std::vector<CostAnswer> rows;      ///< as the rows of the file
  std::vector<std::string> kernels;  ///< of each row, with its system
  std::vector<std::string> notes;    ///< kernels that others stand in for
};

/// Predicts every row of a table: a kernel, or the time per output token of a served model.
/// @param hardware nullopt: what is compiled in for the row's system
/// Throws Error with file, line and column for rows of another system, and for kernels that no
/// hardware has; Cancelled.
CostAnswers answer_rows(MeasuredTable table, const std::optional<Hardware>& hardware,
                        Progress& progress);

}  // namespace moescope
