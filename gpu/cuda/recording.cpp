#include "gpu/cuda/recording.h"

#include <algorithm>

#include "gpu/base/clock.h"

namespace moescope::runtime::cuda {
namespace {

constexpr std::uint32_t kRecords = 1 << 17;  ///< of all blocks in a step
constexpr int kClockSamples = 16, kTickReadings = 4096;

}  // namespace

Recording::Recording(Memory& memory, RankLogs* logs) : memory_(memory), logs_(logs) {
  if (logs_ == nullptr) return;
  log_ = {memory_.array<KernelRecord>(kRecords), memory_.array<std::uint32_t>(1), kRecords};
  measure_clock();
}

void Recording::measure_clock() {
  auto* place = memory_.array<std::int64_t>(2);
  launch_clock(place, place + 1, kTickReadings);
  const std::int64_t tick = memory_.values(place + 1, 1).front();
  std::vector<ClockSample> samples;
  for (int i = 0; i < kClockSamples; ++i) {
    const std::int64_t before = steady_now();
    launch_clock(place, place + 1, 0);
    const std::int64_t gpu = memory_.values(place, 1).front();
    samples.push_back({before, gpu, steady_now()});
  }
  clock_ = fit_clock(samples);
  clock_.tick = tick;
}

KernelRun Recording::next(int rank, SpanName name, const DeviceTeam& team) {
  KernelStamp stamp;
  stamp.step = step_;
  stamp.launch = ++launches_;
  stamp.layer = static_cast<std::int16_t>(layer_);
  stamp.rank = static_cast<std::uint16_t>(rank);
  stamp.name = static_cast<std::uint8_t>(name);
  stamp.stream = static_cast<std::uint8_t>(team.name());
  return {team.stream().get(), team.size(), team.alone(), log_, stamp};
}

void Recording::fetch() {
  if (logs_ == nullptr) return;
  const std::uint32_t written = memory_.values(log_.count, 1).front();
  const std::uint32_t kept = std::min(written, kRecords);
  dropped_ += written - kept;
  log_kernels(memory_.values(log_.records, kept), clock_, logs_->all());
  const std::uint32_t none = 0;
  memory_.upload(log_.count, &none, sizeof none);
}

}  // namespace moescope::runtime::cuda
