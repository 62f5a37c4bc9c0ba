// A kernel that uses all that the hardware offers at once: C = A B^T over tiles, one warp that
// loads, one warpgroup that multiplies, four stages between them, the tiles' results sent to global
// memory by bulk copies, and a block that adds up what the others have done.
#pragma once

#include "gpu/hw/operations.h"

namespace moescope::runtime::test {

struct TilePipeline {
  static constexpr int kTile = 64, kStages = 4, kThreads = 160, kLoader = 128;
  static constexpr int kTileBytes = kTile * kTile * 2;
  static constexpr int kResultBytes = kTile * kTile * 4;

  const hw::TileMap *a = nullptr, *b = nullptr;
  int m = 0, n = 0, k = 0;  ///< multiples of kTile
  float* c = nullptr;       ///< [tile][64][64]
  std::uint64_t* done = nullptr;
  float* total = nullptr;  ///< sum of c

  MOESCOPE_SHARED static std::size_t shared_bytes() {
    return 2 * kStages * kTileBytes + kResultBytes + 2 * kStages * sizeof(std::uint64_t);
  }
  MOESCOPE_SHARED int tiles() const { return m / kTile * (n / kTile); }

  MOESCOPE_LANES void operator()() const {
    if (hw::thread() == 0) {
      for (int s = 0; s < kStages; ++s) {
        hw::barrier_init(full(s), 1);
        hw::barrier_init(empty(s), kLoader);
      }
      hw::barrier_init_fence();
    }
    hw::sync_block();
    if (hw::thread() >= kLoader)
      load();
    else
      multiply();
    if (hw::block() == 0 && hw::thread() == 0) add_up();
  }

 private:
  MOESCOPE_LANES static std::byte* tile_a(int s) { return hw::shared() + s * kTileBytes; }
  MOESCOPE_LANES static std::byte* tile_b(int s) { return tile_a(kStages + s); }
  MOESCOPE_LANES static float* result() { return reinterpret_cast<float*>(tile_a(2 * kStages)); }
  MOESCOPE_LANES static std::uint64_t* full(int s) {
    return reinterpret_cast<std::uint64_t*>(tile_a(2 * kStages) + kResultBytes) + s;
  }
  MOESCOPE_LANES static std::uint64_t* empty(int s) { return full(kStages + s); }

  MOESCOPE_LANES void load() const {
    if (hw::thread() != kLoader) return;
    int turn = 0;
    for (int tile = hw::block(); tile < tiles(); tile += hw::blocks())
      for (int depth = 0; depth < k; depth += kTile, ++turn) {
        const int s = turn % kStages;
        hw::barrier_wait(empty(s), turn / kStages % 2 ^ 1);
        hw::barrier_expect(full(s), 2 * kTileBytes);
        hw::tile_load(tile_a(s), a, full(s), depth, tile / (n / kTile) * kTile);
        hw::tile_load(tile_b(s), b, full(s), depth, tile % (n / kTile) * kTile);
      }
  }

  MOESCOPE_LANES void multiply() const {
    int turn = 0;
    for (int tile = hw::block(); tile < tiles(); tile += hw::blocks()) {
      float sums[32] = {};
      for (int depth = 0; depth < k; depth += kTile, ++turn) {
        const int s = turn % kStages;
        hw::barrier_wait(full(s), turn / kStages % 2);
        hw::matrix_fence();
        for (int part = 0; part < kTile / 16; ++part)
          hw::matrix_multiply(sums, hw::tile_descriptor(tile_a(s) + part * 32),
                              hw::tile_descriptor(tile_b(s) + part * 32), true);
        hw::matrix_commit();
        hw::matrix_wait<0>();
        hw::barrier_arrive(empty(s));
      }
      send(tile, sums);
    }
  }

  /// Each warp has 16 rows of the tile. The next tile's come after the loader has seen all threads
  /// free a stage, so that the copy has been read.
  MOESCOPE_LANES void send(int tile, const float (&sums)[32]) const {
    const int warp = hw::thread() / 32, lane = hw::thread() % 32;
    for (int i = 0; i < 32; ++i) {
      const int row = warp * 16 + lane / 4 + 8 * (i / 2 % 2);
      const int column = i / 4 * 8 + lane % 4 * 2 + i % 2;
      result()[row * kTile + column] = sums[i];
    }
    hw::sync_warp();
    if (lane == 0) {
      const int first = warp * 16 * kTile;
      hw::bulk_store(c + tile * kTile * kTile + first, result() + first, 16 * kTile * 4);
      hw::bulk_wait();
      hw::signal(done);
    }
  }

  MOESCOPE_LANES void add_up() const {
    if (!hw::await(done, static_cast<std::uint64_t>(tiles()) * 4)) return;
    float sum = 0;
    for (int i = 0; i < m * n; ++i) sum += c[i];
    *total = sum;
  }
};

}  // namespace moescope::runtime::test
