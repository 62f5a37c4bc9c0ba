#include "gpu/cuda/device.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "gpu/cuda/cublas.h"

namespace moescope::runtime::cuda {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const bool memory = status == cudaErrorMemoryAllocation;
  throw Error("CUDA", what, cudaGetErrorString(status),
              memory ? "use fewer ranks, fewer tokens or a smaller model"
                     : "moescope-node --devices says what this machine offers");
}

GpuInfo take_gpu() {
  ProbeReport report = probe();
  if (!report.usable()) throw Error("CUDA", "", report.problem, report.remedy);
  use_gpu(report.usable_gpu);
  for (const GpuInfo& gpu : report.facts.gpus)
    if (gpu.index == report.usable_gpu) return gpu;
  throw Error("CUDA", "", "the GPU is gone");
}

void use_gpu(int gpu) {
  check(cudaSetDevice(gpu), "opening the GPU");
}

std::byte* DeviceMemory::allocate(std::size_t bytes) {
  use_gpu(gpu_);
  void* memory = nullptr;
  const std::size_t size = std::max<std::size_t>(bytes, 1);
  check(cudaMalloc(&memory, size), "allocating memory");
  owned_.emplace_back(static_cast<std::byte*>(memory));
  check(cudaMemset(memory, 0, size), "clearing memory");
  // The copy and the kernels that follow may be in other streams.
  check(cudaDeviceSynchronize(), "clearing memory");
  return owned_.back().get();
}

void DeviceMemory::upload(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  use_gpu(gpu_);
  check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "copying to the GPU");
  // From pageable memory it may return before the bytes are there.
  check(cudaStreamSynchronize(nullptr), "copying to the GPU");
}

void DeviceMemory::download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  use_gpu(gpu_);
  check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "copying from the GPU");
}

void DeviceMemory::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  use_gpu(gpu_);
  check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToDevice), "copying on the GPU");
  check(cudaStreamSynchronize(nullptr), "copying on the GPU");
}

Stream::Stream(int sms) {
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
  const Cublas& cublas = Cublas::library();
  cublasStatus_t status = cublas.create(&blas_);
  if (status == CUBLAS_STATUS_SUCCESS) status = cublas.set_stream(blas_, stream_);
  if (status == CUBLAS_STATUS_SUCCESS) status = cublas.set_sm_count(blas_, sms);
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (blas_ != nullptr) cublas.destroy(blas_);
  cudaStreamDestroy(stream_);
  throw Error("cuBLAS", "starting", cublas.text(status));
}

Stream::~Stream() {
  Cublas::library().destroy(blas_);
  cudaStreamDestroy(stream_);
}

std::byte* DeviceTeam::scratch(std::size_t bytes) {
  if (bytes > scratch_bytes_) {
    scratch_ = memory_.allocate(bytes);
    scratch_bytes_ = bytes;
  }
  return scratch_;
}

}  // namespace moescope::runtime::cuda
