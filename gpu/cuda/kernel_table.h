// The kernels of kernels.inc as launches of CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include "gpu/device/device.h"

namespace moescope::runtime::cuda {

/// Warps of a block.
inline constexpr int kBlockWarps = 8;

/// Queues the kernel `id`, whose values are at `kernel`. Throws Error.
void start_kernel(KernelId id, const void* kernel, const ::moescope::runtime::KernelRun& run,
                  cudaStream_t stream);

}  // namespace moescope::runtime::cuda
