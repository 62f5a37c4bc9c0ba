#include "gpu/cuda/cublas.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "core/error.h"
#include "gpu/cuda/library_search.h"

namespace moescope::runtime::cuda {
void Cublas::Close::operator()(void* library) const {
  dlclose(library);
}

const Cublas& Cublas::library() {
  static const Cublas cublas;
  return cublas;
}

Cublas::Cublas() {
  std::string problem;
  const std::string file_name = fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR);
  for (const std::string& file : library_candidates(file_name)) {
    library_.reset(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (library_) break;
    if (problem.empty()) problem = dlerror();
  }
  if (!library_)
    throw Error("cuBLAS", "", problem,
                "install the CUDA Toolkit's cuBLAS, or name its folder in MOESCOPE_CUDA_LIBRARIES");
  const auto bind = [this](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(symbol(name));
  };
  bind(property_, "cublasGetProperty");
  bind(status_text_, "cublasGetStatusString");
  bind(create, "cublasCreate_v2");
  bind(destroy, "cublasDestroy_v2");
  bind(set_stream, "cublasSetStream_v2");
  bind(set_sm_count, "cublasSetSmCountTarget");
  bind(gemm_grouped, "cublasGemmGroupedBatchedEx");
}

void* Cublas::symbol(const char* name) const {
  void* address = dlsym(library_.get(), name);
  if (address == nullptr)
    throw Error("cuBLAS", name, "this cuBLAS has no such function", "install cuBLAS 12.5 or newer");
  return address;
}

std::string Cublas::version() const {
  int part[3] = {};
  property_(MAJOR_VERSION, &part[0]);
  property_(MINOR_VERSION, &part[1]);
  property_(PATCH_LEVEL, &part[2]);
  return fmt::format("{}.{}.{}", part[0], part[1], part[2]);
}

std::string Cublas::text(cublasStatus_t status) const {
  return status_text_(status);
}

}  // namespace moescope::runtime::cuda
