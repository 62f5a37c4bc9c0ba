#include "gpu/cuda/probe.h"

#include <cuda_runtime_api.h>

#include "core/error.h"
#include "gpu/cuda/cublas.h"

namespace moescope::runtime::cuda {
namespace {

void ask_cublas(ProbeFacts& facts) {
  try {
    facts.cublas = Cublas::library().version();
  } catch (const Error& error) {
    facts.cublas_error = error.problem();
  }
}

void ask_gpus(ProbeFacts& facts) {
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());  // the error stays with this call, not with a later one
  if (counted == cudaErrorNoDevice) return;
  if (counted != cudaSuccess) {
    facts.count_error = cudaGetErrorString(counted);
    return;
  }
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) continue;
    facts.gpus.push_back({index, properties.name, properties.multiProcessorCount, properties.major,
                          properties.minor, properties.totalGlobalMem});
  }
}

}  // namespace

ProbeReport probe() {
  ProbeFacts facts;
  facts.built = true;
  facts.runtime = CUDART_VERSION;
  if (cudaDriverGetVersion(&facts.driver) != cudaSuccess) facts.driver = 0;
  ask_gpus(facts);
  ask_cublas(facts);
  return judge(std::move(facts), wanted_gpu());
}

}  // namespace moescope::runtime::cuda
