// Launches with records: which step and layer they belong to, and what the kernels wrote.
#pragma once

#include "gpu/cuda/device.h"
#include "gpu/record/kernel_log.h"

namespace moescope::runtime::cuda {

/// Launches kernels and fetches their records into the logs of the ranks.
class Recording {
 public:
  /// `logs` may be nullptr: nothing is recorded. Measures the GPU's clock against the steady one.
  Recording(Memory& memory, RankLogs* logs);

  void begin(std::uint32_t step, int layer) {
    step_ = step;
    layer_ = layer;
  }
  /// How the next kernel of a rank runs.
  KernelRun next(int rank, SpanName name, const DeviceTeam& team);
  template <typename Step>
  void run(const Step& step, int rank, SpanName name, Team& team) {
    launch(step, next(rank, name, DeviceTeam::of(team)));
  }
  /// Between two marks of one launch number lie kernels of a library.
  template <typename Work>
  void run_library(int rank, SpanName name, const DeviceTeam& team, const Work& work) {
    const KernelRun run = next(rank, name, team);
    launch_mark(run);
    work();
    launch_mark(run);
  }
  /// When the GPU is idle: moves the records to the logs.
  void fetch();

  const GpuClock& clock() const { return clock_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  Memory& memory_;
  RankLogs* logs_;
  LogView log_;
  GpuClock clock_;
  std::uint32_t step_ = 0, launches_ = 0;
  int layer_ = -1;
  std::uint64_t dropped_ = 0;
};

}  // namespace moescope::runtime::cuda
