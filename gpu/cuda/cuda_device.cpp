#include "gpu/cuda/cuda_device.h"

#include <mutex>

#include "gpu/base/clock.h"
#include "gpu/cuda/device.h"
#include "gpu/cuda/gpu_clock.h"
#include "gpu/cuda/kernel_table.h"

namespace moescope::runtime::cuda {
namespace {

class CudaQueue final : public Queue {
 public:
  explicit CudaQueue(int gpu) : gpu_(gpu) {
    use_gpu(gpu_);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
  }
  ~CudaQueue() override { cudaStreamDestroy(stream_); }
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  void upload(void* to, const void* from, std::size_t bytes) override {
    move(to, from, bytes, cudaMemcpyHostToDevice);
  }
  void copy(void* to, const void* from, std::size_t bytes) override {
    move(to, from, bytes, cudaMemcpyDeviceToDevice);
  }
  void finish() override {
    use_gpu(gpu_);
    check(cudaStreamSynchronize(stream_), "waiting for the GPU");
  }

 private:
  void start(KernelId id, const void* kernel, const ::moescope::runtime::KernelRun& run) override {
    use_gpu(gpu_);
    start_kernel(id, kernel, run, stream_);
  }
  /// Host memory is pageable: CUDA has taken it before the call returns.
  void move(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (bytes == 0) return;
    use_gpu(gpu_);
    check(cudaMemcpyAsync(to, from, bytes, kind, stream_), "copying to the GPU");
  }

  int gpu_;
  cudaStream_t stream_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  CudaDevice() : gpu_(take_gpu()), clock_memory_(gpu_.index) {}

  std::string name() const override { return gpu_.name; }
  std::unique_ptr<Memory> memory() override { return std::make_unique<DeviceMemory>(gpu_.index); }
  std::unique_ptr<Queue> queue() override { return std::make_unique<CudaQueue>(gpu_.index); }
  int warps() const override { return kBlockWarps; }
  int most_blocks() const override { return gpu_.sms; }
  /// Measured anew every second: the clocks drift.
  std::int64_t clock_offset() override {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::lock_guard lock(mutex_);
    if (measured_ == 0 || steady_now() - measured_ > kSecond) {
      use_gpu(gpu_.index);
      offset_ = measure_clock(clock_memory_, clock_place_).offset;
      measured_ = steady_now();
    }
    return offset_;
  }

 private:
  GpuInfo gpu_;
  DeviceMemory clock_memory_;
  std::int64_t* clock_place_ = clock_memory_.array<std::int64_t>(2);
  std::mutex mutex_;
  std::int64_t measured_ = 0, offset_ = 0;
};

}  // namespace

Device& gpu_device() {
  static CudaDevice device;
  return device;
}

}  // namespace moescope::runtime::cuda
