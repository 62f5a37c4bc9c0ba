// Options of the solver for a machine.
#pragma once

#include "core/placement/solve/solve.h"

namespace moescope::test {

inline SolveOptions machine(int gpus, int slot_count, int nodes = 1, int groups = 1) {
  SolveOptions options;
  options.gpus = gpus;
  options.slot_count = slot_count;
  options.nodes = nodes;
  options.groups = groups;
  return options;
}

}  // namespace moescope::test
