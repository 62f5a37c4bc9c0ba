// Launches of the runtime's kernels. Every block writes a record of itself.
#pragma once

#include <cuda_runtime_api.h>

#include "gpu/base/kernel_record.h"

namespace moescope::runtime::cuda {

/// How and as what a kernel is launched.
struct KernelRun {
  cudaStream_t stream = nullptr;
  int blocks = 1;                ///< the workers' budget, in SMs
  std::size_t shared_bytes = 0;  ///< of a block; keeps others off its SM where it is large
  LogView log;
  KernelStamp stamp;
};

/// Runs a step (gpu/comm/exchange/exchange_steps.h, gpu/compute/moe_steps.h) with kWarps workers a
/// block.
inline constexpr int kWarps = 8;
template <typename Step>
void launch(const Step& step, const KernelRun& run);
/// Lets kernels of Step take up to `bytes` of shared memory a block, for all steps that
/// communicate.
void allow_shared_memory(std::size_t bytes);

/// Writes one end of a library's kernels into the log.
void launch_mark(const KernelRun& run);
/// Reads the GPU's clock, after looking for its smallest step in so many readings.
void launch_clock(std::int64_t* time, std::int64_t* tick, int readings);

/// Throws Error naming `what` unless the call succeeded.
void check(cudaError_t status, const char* what);

}  // namespace moescope::runtime::cuda
