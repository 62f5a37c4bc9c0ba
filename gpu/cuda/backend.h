// The CUDA backend: so far one MoE layer on one GPU. A build without CUDA has it too, to report why
// it cannot be used.
#pragma once

#include "gpu/engine/backend.h"

namespace moescope::runtime {

const Backend& cuda_backend();

}  // namespace moescope::runtime
