// Memory, streams and workers of a GPU.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "gpu/base/memory.h"
#include "gpu/base/team.h"
#include "gpu/base/unit_kind.h"
#include "gpu/cuda/launch.h"
#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {

/// Memory of the current GPU.
class DeviceMemory final : public Memory {
 public:
  explicit DeviceMemory(int gpu) : gpu_(gpu) {}
  std::byte* allocate(std::size_t bytes) override;
  void upload(void* to, const void* from, std::size_t bytes) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  void copy(void* to, const void* from, std::size_t bytes) override;

 private:
  struct Free {
    void operator()(std::byte* memory) const { cudaFree(memory); }
  };
  int gpu_;
  std::vector<std::unique_ptr<std::byte, Free>> owned_;
};

/// The one that serves (probe.h). Throws Error when there is none.
GpuInfo take_gpu();
/// Makes it the current one of the calling thread.
void use_gpu(int gpu);

/// A stream of its own, and the cuBLAS handle for what runs in it.
class Stream {
 public:
  /// cuBLAS is asked to take at most `sms`, which it treats as a wish.
  explicit Stream(int sms);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }
  /// Waits until all queued work is done. Throws Error for what went wrong in it.
  void synchronise() const { check(cudaStreamSynchronize(stream_), "waiting for the GPU"); }

 private:
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
};

/// SMs that kernels of a rank may take: the grid of those kernels. Work of the host is done at
/// once.
class DeviceTeam final : public Team {
 public:
  /// Of `rank`, on `name` in recordings. `alone`: shared memory that keeps other blocks away.
  DeviceTeam(const Stream& stream, Memory& memory, int rank, int sms, StreamId name,
             std::size_t alone = 0)
      : stream_(stream), memory_(memory), rank_(rank), sms_(sms), name_(name), alone_(alone) {}

  int size() const override { return sms_; }
  void split(int count, const std::function<void(int, int)>& piece) override {
    if (count > 0) piece(0, count);
  }
  const Stream& stream() const { return stream_; }
  int rank() const { return rank_; }
  StreamId name() const { return name_; }
  std::size_t alone() const { return alone_; }
  /// Memory for the next kernels of this team, at least `bytes`.
  std::byte* scratch(std::size_t bytes);

  /// The team that an operator was given. Throws std::invalid_argument for one of the CPU.
  static DeviceTeam& of(Team& team) {
    auto* device = dynamic_cast<DeviceTeam*>(&team);
    if (device == nullptr) throw std::invalid_argument("a GPU was given workers of the CPU");
    return *device;
  }

 private:
  const Stream& stream_;
  Memory& memory_;
  int rank_, sms_;
  StreamId name_;
  std::size_t alone_;
  std::byte* scratch_ = nullptr;
  std::size_t scratch_bytes_ = 0;
};

}  // namespace moescope::runtime::cuda
