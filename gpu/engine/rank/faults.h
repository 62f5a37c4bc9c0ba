// Fault injection for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "core/node/plan_phase.h"

namespace moescope::runtime {

struct Faults {
  /// Called by every rank of the address space when it begins a step of its unit; what it throws is
  /// that rank's failure.
  std::function<void(int rank, std::uint32_t step)> step;
  /// Called for every rank in the phases Preparing, Committing and Verifying of a plan change,
  /// likewise.
  std::function<void(PlanPhase phase, int rank)> plan;
  /// Expert weights that have just arrived at a rank.
  std::function<void(int rank, std::span<std::byte> weights)> arrived;
};

}  // namespace moescope::runtime
