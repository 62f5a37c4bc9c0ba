// A hardware description with constants fitted to measured tables.
#pragma once

#include <vector>

#include "core/simulate/cost/fit/fit_kernels.h"
#include "core/simulate/model/hardware.h"

namespace moescope {

/// Fits the kernels of `hardware` to its rows of the tables, and the engines' overhead to those of
/// end_to_end where it is there. Kernels without rows stay as they were.
/// @param origin of the tables, for the source of every kernel; may be empty
/// Throws Error when the hardware has no system, or the tables no rows of it; Cancelled.
FitResult fit_hardware(Hardware& hardware, std::vector<MeasuredTable>& tables,
                       const std::string& origin, Progress& progress);

}  // namespace moescope
