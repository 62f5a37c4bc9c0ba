// Stands in for layer_device.cpp where there is no CUDA Toolkit to build with.
#include "core/error.h"
#include "gpu/cuda/layer_device.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {

std::unique_ptr<MoeDevice> layer_device(const ModelConfig&, const MoeDeviceOptions&) {
  const ProbeReport report = probe();
  throw Error("CUDA", "", report.problem, report.remedy);
}

}  // namespace moescope::runtime::cuda
