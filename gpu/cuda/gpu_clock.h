// The GPU's clock against the steady one.
#pragma once

#include "gpu/base/memory.h"
#include "gpu/record/kernel_log.h"

namespace moescope::runtime::cuda {

/// Reads both clocks some times; `place` has room for two numbers on the current GPU. The tick of
/// the GPU's clock is part of the error.
GpuClock measure_clock(Memory& memory, std::int64_t* place);

}  // namespace moescope::runtime::cuda
