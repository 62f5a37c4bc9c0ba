// Matrix products of a warpgroup (wgmma): all of its threads issue them together, and they are done
// as late as the program allows.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

namespace moescope::runtime::hw {

inline constexpr int kWarpgroup = 128;
/// Numbers of a product m64n64k16 that each thread holds.
inline constexpr int kAccumulators = 32;

/// A product m64n64k16 of bf16 tiles in shared memory, summed in float.
struct MatrixProduct {
  std::array<float*, kWarpgroup> sums{};  ///< of every thread
  std::uint64_t a = 0, b = 0;             ///< descriptors
  bool accumulate = true;
  int joined = 0;  ///< threads
};

struct Thread;

struct MatrixUnit {
  std::vector<MatrixProduct> open;                   ///< issued since the last commit
  std::deque<std::vector<MatrixProduct>> committed;  ///< groups that are not done
  std::array<int, kWarpgroup> next{};                ///< product of `open` that a thread is at
  std::array<bool, kWarpgroup> fenced{};
  int arrived = 0;  ///< threads at a commit or a wait
  std::vector<Thread*> waiters;
};

/// Bytes that a tile of `rows` rows of 128 bytes spans from its descriptor's start.
struct TileRange {
  std::uint32_t begin = 0, end = 0;
};
TileRange tile_range(std::uint64_t descriptor);

/// Reads the tiles from `shared`, whose first byte has address kSharedBase, and writes the sums.
void multiply(const std::byte* shared, MatrixProduct& product);

/// As on a GPU, shared memory does not begin at 0.
inline constexpr std::uint32_t kSharedBase = 1024;
/// Where a byte lies in a tile that is stored with the 128-byte swizzle.
inline std::uint32_t swizzle128(std::uint32_t address) {
  return address ^ ((address >> 7 & 7) << 4);
}

}  // namespace moescope::runtime::hw
