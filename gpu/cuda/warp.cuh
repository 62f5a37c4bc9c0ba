// The lanes of a GPU: the threads of a warp. OneLane in gpu/base/device_code.h has the same
// members and says what they mean.
#pragma once

#include "gpu/base/device_code.h"

namespace moescope::runtime::cuda {

/// ns; ticks coarsely on some GPUs.
__device__ inline std::int64_t gpu_time() {
  std::int64_t time;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
  return time;
}

__device__ inline std::uint16_t sm_id() {
  std::uint32_t id;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
  return static_cast<std::uint16_t>(id);
}

struct Warp {
  static constexpr unsigned kAll = 0xFFFFFFFFU;
  static constexpr std::int64_t kPatience = 2'000'000'000;  ///< ns

  __device__ int lane() const { return static_cast<int>(threadIdx.x) % 32; }
  __device__ int width() const { return 32; }
  __device__ void sync() const { __syncwarp(); }
  __device__ float sum(float value) const {
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
    return value;
  }
  __device__ float max(float value) const {
    for (int step = 16; step > 0; step /= 2)
      value = fmaxf(value, __shfl_xor_sync(kAll, value, step));
    return value;
  }
  __device__ Ranked first(Ranked value) const {
    for (int step = 16; step > 0; step /= 2) {
      const Ranked other{__shfl_xor_sync(kAll, value.score, step),
                         __shfl_xor_sync(kAll, value.index, step)};
      if (before(other, value)) value = other;
    }
    return value;
  }
  __device__ int prefix(int value, int& total) const {
    int sum = value;
    for (int step = 1; step < 32; step *= 2) {
      const int other = __shfl_up_sync(kAll, sum, step);
      if (lane() >= step) sum += other;
    }
    total = __shfl_sync(kAll, sum, 31);
    return sum - value;
  }
  template <typename T>
  __device__ void add(T* counter, T value) const {
    if (lane() == 0) add_each(counter, value);
  }
  template <typename T>
  __device__ void add_each(T* counter, T value) const {
    if constexpr (sizeof(T) == 8)
      atomicAdd(reinterpret_cast<unsigned long long*>(counter),
                static_cast<unsigned long long>(value));
    else
      atomicAdd(counter, value);
  }
  /// Four rows at once, eight lanes each: the sums that the CPU makes, in the same order.
  __device__ void project(const float* x, const float* weight, int n, int rows, float* out) const {
    const int part = lane() % 8;
    for (int first = 0; first < rows; first += 4) {
      const int row = first + lane() / 8;
      float sum = 0;
      if (row < rows) {
        const float* w = weight + static_cast<std::size_t>(row) * static_cast<std::size_t>(n);
        for (int i = part; i < n; i += 8) sum += x[i] * w[i];
      }
      for (int step = 4; step > 0; step /= 2) sum += __shfl_xor_sync(kAll, sum, step);
      if (row < rows && part == 0) out[row] = sum;
    }
  }
  __device__ void copy(void* to, const void* from, std::size_t bytes) const {
    const auto* source = static_cast<const std::uint32_t*>(from);
    auto* target = static_cast<std::uint32_t*>(to);
    for (std::size_t i = static_cast<std::size_t>(lane()); i < bytes / 4; i += 32)
      target[i] = source[i];
  }
  __device__ void signal(std::uint64_t* counter) const {
    __syncwarp();
    if (lane() != 0) return;
    __threadfence_system();
    asm volatile("red.release.sys.global.add.u64 [%0], %1;"
                 :
                 : "l"(counter), "l"(std::uint64_t{1})
                 : "memory");
  }
  __device__ bool reached(std::uint64_t* counter, std::uint64_t value) const {
    int found = 0;
    if (lane() == 0) {
      const std::int64_t start = gpu_time();
      do {
        std::uint64_t now;
        asm volatile("ld.acquire.sys.global.u64 %0, [%1];" : "=l"(now) : "l"(counter) : "memory");
        found = now >= value ? 1 : 0;
        if (found == 0) __nanosleep(100);
      } while (found == 0 && gpu_time() - start < kPatience);
    }
    return __shfl_sync(kAll, found, 0) != 0;
  }
  template <typename Fault>
  __device__ void fail(Fault* first, const Fault& fault) const {
    if (lane() == 0 && atomicCAS(&first->kind, 0U, fault.kind) == 0U) first->detail = fault.detail;
  }
};

}  // namespace moescope::runtime::cuda
