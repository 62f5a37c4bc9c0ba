// What every thread of a launch runs, on each device: the step as warps, then the block's record.
#pragma once

#include "gpu/base/kernel_record.h"
#include "gpu/hw/warp.h"

namespace moescope::runtime {

template <typename Kernel>
MOESCOPE_LANES void run_kernel(const Kernel& kernel, const LogView& log, const KernelStamp& stamp) {
  const std::int64_t begin = hw::time();
  const int warps = hw::threads() / hw::Warp::kLanes;
  const int worker = hw::block() * warps + hw::thread() / hw::Warp::kLanes;
  kernel(hw::Warp(), Share{worker, hw::blocks() * warps});
  if (log.records == nullptr) return;
  hw::sync_block();
  if (hw::thread() != 0) return;
  const std::uint32_t index = hw::atomic_add(log.count, 1U);
  if (index < log.capacity) log.records[index] = {begin, hw::time(), stamp, hw::sm()};
}

}  // namespace moescope::runtime
