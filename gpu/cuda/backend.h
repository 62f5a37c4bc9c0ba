// The CUDA backend: so far one MoE layer on one GPU; also there, to say why not, in a build without
// CUDA.
#pragma once

#include "gpu/engine/backend.h"

namespace moescope::runtime {

const Backend& cuda_backend();

}  // namespace moescope::runtime
