// A GPU as a device of kernels. Compiled, not run.
#pragma once

#include "gpu/device/device.h"

namespace moescope::runtime::cuda {

/// The GPU that serves (probe.h), which lives as long as the program. Throws Error when there is
/// none, saying why.
Device& gpu_device();

}  // namespace moescope::runtime::cuda
