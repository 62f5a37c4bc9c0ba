// Expert loads made by hand for view tests.
#pragma once

#include "views/workspace/workspace.h"

namespace moescope::test {

/// Two layers (3 and 5) of four experts in three windows, two GPUs in the running map with expert 0
/// twice. Layer 3 sums to {6, 2, 3, 1}, layer 5 to {1, 1, 1, 9}.
inline LoadSet made_loads() {
  LoadSet loads;
  loads.source = "made.json";
  loads.format = "test loads";
  loads.experts = 4;
  loads.layer_ids = {3, 5};
  loads.windows = {
      {{1, 1, 1, 1}, {1, 1, 1, 1}}, {{2, 1, 1, 0}, {0, 0, 0, 4}}, {{3, 0, 1, 0}, {0, 0, 0, 4}}};
  loads.num_gpus = 2;
  loads.running_map = {{0, 1, 2, 0, 3, 1}, {0, 1, 2, 0, 3, 1}};
  loads.notes = {"a trap was found"};
  return loads;
}

inline LoadsPtr shared_loads(LoadSet loads = made_loads()) {
  return std::make_shared<const LoadSet>(std::move(loads));
}

}  // namespace moescope::test
