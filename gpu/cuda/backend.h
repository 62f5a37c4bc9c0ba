// The CUDA backend: units, and single MoE layers, on one GPU. Compiled, not run. A build without
// CUDA has it too, to report why it cannot be used.
#pragma once

#include "gpu/engine/backend.h"

namespace moescope::runtime {

const Backend& cuda_backend();

}  // namespace moescope::runtime
