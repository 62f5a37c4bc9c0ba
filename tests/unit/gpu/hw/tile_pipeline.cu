// The kernel of tile_pipeline.h as instructions of sm_90a: compiled, so that every operation of
// gpu/hw/ptx.h is assembled; not run.
#include "tests/unit/gpu/hw/tile_pipeline.h"

namespace moescope::runtime::test {

__global__ void __launch_bounds__(TilePipeline::kThreads, 1)
    run_pipeline(const __grid_constant__ hw::TileMap a, const __grid_constant__ hw::TileMap b,
                 TilePipeline kernel) {
  kernel.a = &a;
  kernel.b = &b;
  kernel();
}

/// The operations that the pipeline does without.
__global__ void __launch_bounds__(32) run_others(void* to, const void* from, float* values) {
  auto* barrier = reinterpret_cast<std::uint64_t*>(hw::shared());
  if (hw::thread() == 0) {
    hw::barrier_init(barrier, 1);
    hw::barrier_init_fence();
    hw::barrier_expect(barrier, 64);
    hw::bulk_load(hw::shared() + 64, from, 64, barrier);
    hw::barrier_wait(barrier, 0);
    hw::bulk_store(to, hw::shared() + 64, 64);
    hw::bulk_wait();
  }
  hw::sync_warp();
  values[hw::thread()] = hw::shuffle_up(hw::shuffle(values[hw::thread()], 3), 1) +
                         static_cast<float>(hw::sm()) + static_cast<float>(hw::time());
}

}  // namespace moescope::runtime::test
