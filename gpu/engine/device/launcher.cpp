#include "gpu/engine/device/launcher.h"

#include <algorithm>

#include "gpu/record/kernel_log.h"

namespace moescope::runtime {
namespace {

constexpr std::uint32_t kRecords = 1 << 16;  ///< of all blocks in a step

}  // namespace

Launcher::Launcher(Device& device, int first_rank, std::span<RankLog* const> logs)
    : device_(device),
      first_rank_(first_rank),
      logs_(logs.begin(), logs.end()),
      memory_(device.memory()),
      queue_(device.queue()) {
  if (!logs_.empty())
    log_ = {memory_->array<KernelRecord>(kRecords), memory_->array<std::uint32_t>(1), kRecords};
}

void Launcher::at(std::uint32_t step, int layer, int micro_batch) {
  stamp_.step = step;
  stamp_.layer = static_cast<std::int16_t>(layer);
  stamp_.micro_batch = static_cast<std::int8_t>(micro_batch);
}

KernelRun Launcher::next(int rank, SpanName name, const DeviceTeam& team) {
  ++stamp_.launch;
  stamp_.rank = static_cast<std::uint16_t>(rank - first_rank_);
  stamp_.name = static_cast<std::uint8_t>(name);
  stamp_.stream = static_cast<std::uint8_t>(team.stream());
  stamp_.tokens = tokens_;
  return {std::min(team.size(), device_.most_blocks()), team.first_sm(), log_, stamp_};
}

void Launcher::finish() {
  queue_->finish();
  if (logs_.empty()) return;
  const std::uint32_t written = memory_->values(log_.count, 1).front();
  const GpuClock clock{device_.clock_offset(), 0, 0};
  log_kernels(memory_->values(log_.records, std::min(written, kRecords)), clock, logs_);
  const std::uint32_t none = 0;
  memory_->upload(log_.count, &none, sizeof none);
}

}  // namespace moescope::runtime
