// Stands in for backend.cpp where there is no CUDA Toolkit to build with.
#include "core/error.h"
#include "gpu/cuda/backend.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {

std::unique_ptr<CudaBackend> cuda_backend(const ModelConfig&, const Group&, const CudaOptions&) {
  const ProbeReport report = probe();
  throw Error("CUDA", "", report.problem, report.remedy);
}

}  // namespace moescope::runtime::cuda
