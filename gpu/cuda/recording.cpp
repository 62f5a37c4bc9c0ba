#include "gpu/cuda/recording.h"

#include <algorithm>

#include "gpu/cuda/gpu_clock.h"

namespace moescope::runtime::cuda {
namespace {

constexpr std::uint32_t kRecords = 1 << 17;  ///< of all blocks in a step

}  // namespace

Recording::Recording(Memory& memory, RankLogs* logs) : memory_(memory), logs_(logs) {
  if (logs_ == nullptr) return;
  log_ = {memory_.array<KernelRecord>(kRecords), memory_.array<std::uint32_t>(1), kRecords};
  clock_ = measure_clock(memory_, memory_.array<std::int64_t>(2));
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
