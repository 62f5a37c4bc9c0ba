// Stands in for cuda_device.cpp where there is no CUDA Toolkit to build with.
#include "core/error.h"
#include "gpu/cuda/cuda_device.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {

Device& gpu_device() {
  const ProbeReport report = probe();
  throw Error("CUDA", "", report.problem, report.remedy);
}

}  // namespace moescope::runtime::cuda
