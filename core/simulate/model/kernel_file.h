// The kernels of a hardware file: "kernels", fitted, or "kernels_from", derived.
#pragma once

#include "core/simulate/cost/kernel_costs.h"
#include "core/simulate/model/description.h"

namespace moescope {

/// Takes "kernels" or "kernels_from" from a hardware file; no kernels when it has neither. Throws
/// Error for unknown formulas, missing, unknown or absurd constants, and kernels that are there
/// twice.
KernelCosts read_kernels(Description& file);

}  // namespace moescope
