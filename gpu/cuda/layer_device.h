// What one MoE layer runs on: a GPU that all ranks of a unit share.
#pragma once

#include <memory>

#include "gpu/engine/layer/moe_device.h"

namespace moescope::runtime::cuda {

/// SMs of one rank. All ranks together have at most those of the GPU.
struct SmBudget {
  int sms = 0;            ///< 0: an equal part of the GPU
  int communication = 0;  ///< of these; 0: a quarter
};

/// What is granted of `asked` to each of `ranks` on a GPU with `sms`. Throws Error when there are
/// not enough.
SmBudget grant(const SmBudget& asked, int ranks, int sms);

/// On the GPU that serves (probe.h). Throws Error when there is none, saying why.
std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config, const MoeDeviceOptions& options);

}  // namespace moescope::runtime::cuda
