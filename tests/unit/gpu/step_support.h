// Runs the steps of kernels on the CPU: workers one after the other, one lane each.
#pragma once

#include "gpu/comm/step_exchange.h"

namespace moescope::runtime::test {

struct HostSteps {
  int workers = 3;  ///< warps that a kernel would have

  template <typename Step>
  void run(const Step& step, int, SpanName, Team&) {
    for (int worker = 0; worker < workers; ++worker) step(OneLane(), Share{worker, workers});
  }
};

}  // namespace moescope::runtime::test
