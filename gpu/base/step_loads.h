// Tokens of the experts in a step.
#pragma once

#include <cstdint>
#include <vector>

namespace moescope::runtime {

/// Tokens by expert, summed over the ranks: [MoE layer][expert] and [MoE layer][slot].
struct StepLoads {
  std::vector<std::vector<std::uint32_t>> logical, physical;
};

}  // namespace moescope::runtime
