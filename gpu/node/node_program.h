// moescope-node: the embedded runtime as a program. It serves a workload on virtual ranks and
// records what they do.
#pragma once

#include "gpu/engine/rank/faults.h"

namespace moescope::runtime {

/// Runs the program with its command line; gives its exit code. `faults` is what goes wrong on
/// purpose, in tests and drills.
int run_node(int argc, char** argv, const Faults& faults = {});

}  // namespace moescope::runtime
