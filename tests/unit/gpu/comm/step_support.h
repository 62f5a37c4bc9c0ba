// Runs the steps of kernels on the CPU.
#pragma once

#include "gpu/comm/exchange/step_exchange.h"
#include "gpu/compute/moe_steps.h"
#include "gpu/hw/emulator/emulate.h"
#include "gpu/hw/warp.h"

namespace moescope::runtime::test {

/// How a step runs: so many workers of one lane, one after the other, or of the lanes of a warp on
/// the emulator.
struct StepRun {
  int workers = 1;
  bool warps = false;
  hw::Emulation emulation;
};

template <typename Step>
void run_step(const Step& step, const StepRun& run) {
  if (run.warps)
    hw::emulate({1, run.workers * hw::Warp::kLanes, 0, false, 0}, run.emulation, [&] {
      step(hw::Warp(), Share{hw::thread() / hw::Warp::kLanes, run.workers});
    });
  else
    for (int worker = 0; worker < run.workers; ++worker)
      step(OneLane(), Share{worker, run.workers});
}

struct HostSteps {
  StepRun how{3, false, {}};

  template <typename Step>
  void run(const Step& step, int, SpanName, Team&) {
    run_step(step, how);
  }
};

}  // namespace moescope::runtime::test
