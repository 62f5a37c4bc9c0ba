// The operations as instructions of sm_90a. Compiled, not run on a GPU. gpu/hw/operations.h says
// what they mean.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moescope::runtime::hw {

/// Where an operation is in the text of a kernel: only the emulator asks.
struct Site {};
#define MOESCOPE_HERE ::moescope::runtime::hw::Site()

inline constexpr unsigned kAllLanes = 0xFFFFFFFFU;

__device__ inline int thread() {
  return static_cast<int>(threadIdx.x);
}
__device__ inline int threads() {
  return static_cast<int>(blockDim.x);
}
__device__ inline int block() {
  return static_cast<int>(blockIdx.x);
}
__device__ inline int blocks() {
  return static_cast<int>(gridDim.x);
}
__device__ inline std::uint16_t sm() {
  std::uint32_t id;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
  return static_cast<std::uint16_t>(id);
}
/// Ticks coarsely on some GPUs.
__device__ inline std::int64_t time() {
  std::int64_t now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}
__device__ inline std::byte* shared() {
  extern __shared__ __align__(1024) unsigned char moescope_shared[];
  return reinterpret_cast<std::byte*>(moescope_shared);
}

__device__ inline void sync_block(Site = {}) {
  __syncthreads();
}
__device__ inline void sync_warp(Site = {}) {
  __syncwarp();
}
template <typename T>
__device__ T shuffle(T value, int from, Site = {}) {
  return __shfl_sync(kAllLanes, value, from);
}
template <typename T>
__device__ T shuffle_xor(T value, int mask, Site = {}) {
  return __shfl_xor_sync(kAllLanes, value, mask);
}
template <typename T>
__device__ T shuffle_up(T value, int distance, Site = {}) {
  return __shfl_up_sync(kAllLanes, value, static_cast<unsigned>(distance));
}

template <typename T>
__device__ T atomic_add(T* to, T value) {
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(atomicAdd(reinterpret_cast<unsigned long long*>(to),
                                    static_cast<unsigned long long>(value)));
  else
    return atomicAdd(to, value);
}
__device__ inline bool compare_and_swap(std::uint32_t* at, std::uint32_t expected,
                                        std::uint32_t desired) {
  return atomicCAS(at, expected, desired) == expected;
}
__device__ inline void signal(std::uint64_t* flag, Site = {}) {
  asm volatile("red.release.sys.global.add.u64 [%0], %1;"
               :
               : "l"(flag), "l"(std::uint64_t{1})
               : "memory");
}
/// For 10 s at most: a rank that waits for ever would keep its GPU from reporting anything.
__device__ inline bool await(std::uint64_t* flag, std::uint64_t value, Site = {}) {
  constexpr std::int64_t kPatience = 10'000'000'000;  // ns
  const std::int64_t start = time();
  for (;;) {
    std::uint64_t now;
    asm volatile("ld.acquire.sys.global.u64 %0, [%1];" : "=l"(now) : "l"(flag) : "memory");
    if (now >= value) return true;
    if (time() - start > kPatience) return false;
    __nanosleep(100);
  }
}

__device__ inline std::uint32_t shared_address(const void* place) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(place));
}
__device__ inline void barrier_init(std::uint64_t* barrier, int arrivals, Site = {}) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"
               :
               : "r"(shared_address(barrier)), "r"(arrivals)
               : "memory");
}
__device__ inline void barrier_init_fence(Site = {}) {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ inline void barrier_arrive(std::uint64_t* barrier, Site = {}) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];"
               :
               : "r"(shared_address(barrier))
               : "memory");
}
__device__ inline void barrier_expect(std::uint64_t* barrier, int bytes, Site = {}) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
               :
               : "r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}
__device__ inline void barrier_wait(std::uint64_t* barrier, int parity, Site = {}) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}"
      :
      : "r"(shared_address(barrier)), "r"(parity)
      : "memory");
}

__device__ inline void bulk_load(void* to, const void* from, int bytes, std::uint64_t* barrier,
                                 Site = {}) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
      :
      : "r"(shared_address(to)), "l"(__cvta_generic_to_global(from)), "r"(bytes),
        "r"(shared_address(barrier))
      : "memory");
}
/// After the fence the copy reads what the thread wrote before.
__device__ inline void bulk_store(void* to, const void* from, int bytes, Site = {}) {
  asm volatile(
      "fence.proxy.async.shared::cta;\n"
      "cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;"
      :
      : "l"(__cvta_generic_to_global(to)), "r"(shared_address(from)), "r"(bytes)
      : "memory");
}
__device__ inline void bulk_wait(Site = {}) {
  asm volatile(
      "cp.async.bulk.commit_group;\n"
      "cp.async.bulk.wait_group 0;\n"
      "fence.proxy.async.global;" ::
          : "memory");
}

/// What the driver encodes (CUtensorMap): a matrix in global memory and the box that a copy takes.
struct alignas(64) TileMap {
  std::uint64_t opaque[16];
};
__device__ inline void tile_load(void* to, const TileMap* map, std::uint64_t* barrier, int column,
                                 int row, Site = {}) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4}], [%2];"
      :
      : "r"(shared_address(to)), "l"(map), "r"(shared_address(barrier)), "r"(column), "r"(row)
      : "memory");
}

__device__ inline void matrix_fence(Site = {}) {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void matrix_commit(Site = {}) {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int Pending>
__device__ void matrix_wait(Site = {}) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
}
__device__ inline void matrix_multiply(float (&d)[32], std::uint64_t a, std::uint64_t b,
                                       bool accumulate, Site = {}) {
  asm volatile(
      "{\n"
      ".reg .pred add;\n"
      "setp.ne.b32 add, %34, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
      "%32, %33, add, 1, 1, 0, 0;\n"
      "}"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]),
        "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]),
        "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]),
        "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]),
        "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
      : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)));
}

}  // namespace moescope::runtime::hw
