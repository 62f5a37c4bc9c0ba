// cuBLAS, loaded on demand: programs start and run on the CPU without it.
#pragma once

#include <cublas_v2.h>

#include <memory>
#include <string>

namespace moescope::runtime::cuda {

/// The functions of cuBLAS that the runtime calls.
class Cublas {
 public:
  /// Opened on the first call. Throws Error where it is missing or too old.
  static const Cublas& library();

  std::string version() const;  ///< "13.1.0"
  /// A text for a status of any call.
  std::string text(cublasStatus_t status) const;

  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasSetSmCountTarget) set_sm_count = nullptr;
  decltype(&cublasGemmGroupedBatchedEx) gemm_grouped = nullptr;

 private:
  Cublas();
  struct Close {
    void operator()(void* library) const;
  };
  void* symbol(const char* name) const;

  std::unique_ptr<void, Close> library_;
  decltype(&cublasGetProperty) property_ = nullptr;
  decltype(&cublasGetStatusString) status_text_ = nullptr;
};

}  // namespace moescope::runtime::cuda
