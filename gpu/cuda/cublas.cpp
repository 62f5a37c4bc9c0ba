#include "gpu/cuda/cublas.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace moescope::runtime::cuda {
namespace {

/// Where cuBLAS may be: where the loader looks, then where the toolkit puts it.
std::vector<std::string> candidates() {
  const std::string name = fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR);
  std::vector<std::string> files = {name};
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* folder = std::getenv(variable))
      files.push_back(fmt::format("{}/lib64/{}", folder, name));
  files.push_back("/usr/local/cuda/lib64/" + name);
  return files;
}

}  // namespace

void Cublas::Close::operator()(void* library) const {
  dlclose(library);
}

const Cublas& Cublas::library() {
  static const Cublas cublas;
  return cublas;
}

Cublas::Cublas() {
  std::string problem;
  for (const std::string& file : candidates()) {
    library_.reset(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (library_) break;
    if (problem.empty()) problem = dlerror();
  }
  if (!library_)
    throw Error("cuBLAS", "", problem,
                "install the CUDA Toolkit's cuBLAS and put its folder into LD_LIBRARY_PATH");
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
