// A plan small enough to work out by hand.
#pragma once

#include <utility>
#include <vector>

#include "core/placement/plan.h"

namespace moescope::test {

/// One layer, number 3, of four experts on two GPUs.
inline Plan one_layer_plan(std::vector<int> row) {
  Plan plan;
  plan.num_gpus = 2;
  plan.num_experts = 4;
  plan.physical_to_logical = {std::move(row)};
  plan.layer_ids = {3};
  return plan;
}

}  // namespace moescope::test
