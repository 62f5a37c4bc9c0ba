// Launches of a unit's ranks, each with a record of every block, which become spans and worker
// records.
#pragma once

#include <span>

#include "gpu/base/span_record.h"
#include "gpu/device/device.h"
#include "gpu/record/rank_log.h"

namespace moescope::runtime {

class Launcher {
 public:
  /// `logs` by member, or empty to record nothing. `first_rank` is the rank of member 0.
  Launcher(Device& device, int first_rank, std::span<RankLog* const> logs);

  Queue& queue() { return *queue_; }
  /// What the next launches belong to.
  void at(std::uint32_t step, int layer, int micro_batch);
  /// Rows that the next launches work on.
  void set_tokens(int tokens) { tokens_ = tokens; }
  template <typename Kernel>
  void run(const Kernel& kernel, int rank, SpanName name, const Team& team) {
    queue_->launch(kernel, next(rank, name, DeviceTeam::of(team)));
  }
  /// Waits for all launches and moves their records to the logs.
  void finish();

 private:
  KernelRun next(int rank, SpanName name, const DeviceTeam& team);

  Device& device_;
  int first_rank_;
  std::vector<RankLog*> logs_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Queue> queue_;
  LogView log_;
  KernelStamp stamp_;
  int tokens_ = 0;
};

}  // namespace moescope::runtime
