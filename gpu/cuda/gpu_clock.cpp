#include "gpu/cuda/gpu_clock.h"

#include <vector>

#include "gpu/base/clock.h"
#include "gpu/cuda/launch.h"

namespace moescope::runtime::cuda {
namespace {

constexpr int kClockSamples = 16, kTickReadings = 4096;

}  // namespace

GpuClock measure_clock(Memory& memory, std::int64_t* place) {
  launch_clock(place, place + 1, kTickReadings);
  const std::int64_t tick = memory.values(place + 1, 1).front();
  std::vector<ClockSample> samples;
  for (int i = 0; i < kClockSamples; ++i) {
    const std::int64_t before = steady_now();
    launch_clock(place, place + 1, 0);
    const std::int64_t gpu = memory.values(place, 1).front();
    samples.push_back({before, gpu, steady_now()});
  }
  GpuClock clock = fit_clock(samples);
  clock.tick = tick;
  clock.error += tick;
  return clock;
}

}  // namespace moescope::runtime::cuda
