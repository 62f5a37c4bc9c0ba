// end_to_end.csv: served DeepSeek-R1 and V3, composed from kernels and an engine's overhead.
//
// TPOT = speculation x (overhead + share of kernels x layers + share of the prompts that are
// prefilled in between). The overhead is what the engine does on the host for every step: it is
// fitted for each engine and system, and is a kernel "sglang" or "trtllm" of the table end_to_end.
#pragma once

#include <functional>
#include <string>

#include "core/progress.h"
#include "core/simulate/cost/table/measured_table.h"
#include "core/simulate/model/hardware.h"

namespace moescope {

enum class Served {
  Tpot,  ///< time per output token
  Ttft   ///< time to first token
};

/// Fills the rows of a table "end_to_end" with work made of the kernels of each row's hardware.
/// A row without a batch is taken as one sequence for each attention rank, and is not used for
/// fits.
/// @param hardware_of for the system of a row; nullptr leaves the row out
/// Throws Error with file, line and column for layouts that make no sense.
void fill_served_rows(MeasuredTable& table, Served what,
                      const std::function<const Hardware*(const std::string& system)>& hardware_of,
                      Progress& progress);

/// Name of the model of all rows; others are refused.
inline constexpr const char* kServedModel = "deepseek-v3";

}  // namespace moescope
