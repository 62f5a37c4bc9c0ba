#include "gpu/cuda/kernel_table.h"
#include "gpu/cuda/launch.h"
#include "gpu/hw/warp.h"
#include "gpu/kernels/run_kernel.h"

namespace moescope::runtime::cuda {
namespace {

using Run = ::moescope::runtime::KernelRun;

/// Blocks that an SM takes at once: bounds the registers of a kernel.
template <typename Kernel>
constexpr int kBlocksOfAnSm = 4;
template <>
constexpr int kBlocksOfAnSm<MlaRows> = 2;  // with four it would spill

template <typename Kernel>
__global__ void __launch_bounds__(kBlockWarps * 32, kBlocksOfAnSm<Kernel>)
    run_on_gpu(const Kernel kernel, const LogView log, const KernelStamp stamp) {
  run_kernel(kernel, log, stamp);
}

using Start = void (*)(const void* kernel, const Run& run, cudaStream_t stream);

template <typename Kernel>
void start_one(const void* kernel, const Run& run, cudaStream_t stream) {
  run_on_gpu<<<run.blocks, kBlockWarps * 32, 0, stream>>>(*static_cast<const Kernel*>(kernel),
                                                          run.log, run.stamp);
}

/// By KernelId.
constexpr Start kStarts[] = {
#define MOESCOPE_KERNEL(name) start_one<name>,
#include "gpu/kernels/kernels.inc"
#undef MOESCOPE_KERNEL
};

}  // namespace

void start_kernel(KernelId id, const void* kernel, const Run& run, cudaStream_t stream) {
  kStarts[static_cast<int>(id)](kernel, run, stream);
  check(cudaGetLastError(), "launching a kernel");
}

}  // namespace moescope::runtime::cuda
