// The hardware operations that kernels are written with: instructions of a GPU under nvcc, the
// emulator under other compilers. The same text of a kernel runs on both. Names, and what each
// operation does:
//
//   thread, threads, block, blocks   who calls, and the shape of the grid
//   sm, time, shared                 where it runs, ns of the GPU's clock, the block's memory
//   sync_block, sync_warp            all come before any goes on; writes before it are seen after
//   shuffle, shuffle_xor, shuffle_up values of other lanes; all lanes take part; orders no memory
//   atomic_add, compare_and_swap     without order
//   signal                           adds one to a flag; what the thread wrote or had been ordered
//                                    before (sync_warp, bulk_wait) is seen by who awaits it
//   await                            until a flag has a value; false: nobody raised it in time
//   barrier_init, barrier_init_fence an mbarrier for so many arrivals; then sync_block
//   barrier_arrive, barrier_expect   one arrival, the latter also announces bytes of bulk_load
//   barrier_wait                     until the phase of this parity is over
//   bulk_load                        global to shared memory, any time until the barrier's phase
//   ends bulk_store, bulk_wait            shared to global memory, any time until bulk_wait returns
//   tile_load                        a box of a bf16 matrix with the 128-byte swizzle, as bulk_load
//   matrix_fence, matrix_multiply,   wgmma m64n64k16, bf16 in, float out; sums are there after the
//   matrix_commit, matrix_wait       wait, and until then operands and sums must not be touched
#pragma once

#include "gpu/base/device_code.h"

#if defined(__CUDACC__)
#include "gpu/hw/ptx.h"
#else
#include "gpu/hw/emulator/operations.h"
#endif

namespace moescope::runtime::hw {

/// Descriptor of a tile in shared memory with the 128-byte swizzle, K-major, whose groups of eight
/// rows are 1024 bytes apart (PTX ISA, "Matrix descriptor").
MOESCOPE_LANES inline std::uint64_t tile_descriptor(const void* tile) {
  constexpr std::uint64_t kSwizzle128 = std::uint64_t{1} << 62;
  constexpr std::uint64_t kStride = std::uint64_t{1024 >> 4} << 32, kLeading = 1 << 16;
  return (shared_address(tile) & 0x3FFFF) >> 4 | kLeading | kStride | kSwizzle128;
}

}  // namespace moescope::runtime::hw
