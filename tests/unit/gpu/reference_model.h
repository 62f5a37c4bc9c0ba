// A slow, plain forward pass in double: the second witness of the runtime. It takes weights and
// configuration as data and shares no computation with gpu/.
#pragma once

#include <set>
#include <vector>

#include "gpu/model/weights.h"

namespace moescope::runtime::test {

struct ReferenceResult {
  std::vector<std::vector<double>> logits;         ///< [position][vocab]
  std::vector<std::vector<std::set<int>>> chosen;  ///< [MoE layer][position]
};

/// Runs `tokens` as one sequence.
ReferenceResult reference_forward(const Model& model, const std::vector<int>& tokens);

}  // namespace moescope::runtime::test
