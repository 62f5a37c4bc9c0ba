#include "gpu/comm/exchange/combine_steps.h"
#include "gpu/comm/exchange/dispatch_steps.h"
#include "gpu/compute/moe_steps.h"
#include "gpu/cuda/launch.h"
#include "gpu/hw/warp.h"

namespace moescope::runtime::cuda {
namespace {

__device__ void write_record(const LogView& log, const KernelRecord& record) {
  if (log.records == nullptr) return;
  const std::uint32_t index = atomicAdd(log.count, 1U);
  if (index < log.capacity) log.records[index] = record;
}

template <typename Step>
__global__ void __launch_bounds__(kWarps * 32, 4)
    run_step(const Step step, const LogView log, const KernelStamp stamp) {
  const std::int64_t begin = hw::time();
  const int worker = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / 32;
  step(hw::Warp(), Share{worker, static_cast<int>(gridDim.x) * kWarps});
  __syncthreads();
  if (threadIdx.x == 0) write_record(log, {begin, hw::time(), stamp, hw::sm()});
}

__global__ void mark(const LogView log, const KernelStamp stamp) {
  const std::int64_t now = hw::time();
  write_record(log, {now, now, stamp, kNoSm});
}

__global__ void read_clock(std::int64_t* time, std::int64_t* tick, int readings) {
  std::int64_t least = 0, last = hw::time();
  for (int i = 0; i < readings; ++i) {
    const std::int64_t now = hw::time();
    if (now > last && (least == 0 || now - last < least)) least = now - last;
    last = now;
  }
  *tick = least;
  *time = hw::time();
}

template <typename Step>
void allow(std::size_t bytes) {
  check(cudaFuncSetAttribute(run_step<Step>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        "setting the shared memory of a kernel");
}

}  // namespace

template <typename Step>
void launch(const Step& step, const KernelRun& run) {
  run_step<<<run.blocks, kWarps * 32, run.shared_bytes, run.stream>>>(step, run.log, run.stamp);
  check(cudaGetLastError(), "launching a kernel");
}

template void launch(const WaitForFlag&, const KernelRun&);
template void launch(const SendRows&, const KernelRun&);
template void launch(const SendLists&, const KernelRun&);
template void launch(const ForwardRows&, const KernelRun&);
template void launch(const ForwardLists&, const KernelRun&);
template void launch(const CountRows&, const KernelRun&);
template void launch(const PlaceRows&, const KernelRun&);
template void launch(const GatherRows&, const KernelRun&);
template void launch(const ReturnRows&, const KernelRun&);
template void launch(const ReturnSignals&, const KernelRun&);
template void launch(const ReduceRows&, const KernelRun&);
template void launch(const ReduceSignals&, const KernelRun&);
template void launch(const CollectRows&, const KernelRun&);
template void launch(const GateRows&, const KernelRun&);
template void launch(const ChooseSlots&, const KernelRun&);
template void launch(const SwigluRows&, const KernelRun&);

void allow_shared_memory(std::size_t bytes) {
  allow<WaitForFlag>(bytes);
  allow<SendRows>(bytes);
  allow<SendLists>(bytes);
  allow<ForwardRows>(bytes);
  allow<ForwardLists>(bytes);
  allow<ReturnRows>(bytes);
  allow<ReturnSignals>(bytes);
  allow<ReduceRows>(bytes);
  allow<ReduceSignals>(bytes);
  allow<CollectRows>(bytes);
}

void launch_mark(const KernelRun& run) {
  mark<<<1, 1, 0, run.stream>>>(run.log, run.stamp);
  check(cudaGetLastError(), "launching a kernel");
}

void launch_clock(std::int64_t* time, std::int64_t* tick, int readings) {
  read_clock<<<1, 1>>>(time, tick, readings);
  check(cudaGetLastError(), "reading the GPU's clock");
}

}  // namespace moescope::runtime::cuda
