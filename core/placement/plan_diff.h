// What changes from one plan to another, and what must be copied for it.
#pragma once

#include <vector>

#include "core/placement/plan.h"

namespace moescope {

/// An expert that a GPU does not have yet.
struct ExpertCopy {
  int expert = 0, slot = 0, gpu = 0;
  std::vector<int> from_gpus;  ///< that hold it before, ascending
};

struct LayerDiff {
  int slots_changed = 0;
  std::vector<ExpertCopy> copies;  ///< by slot
};

/// One entry per layer. Throws Error when GPUs, layers or experts differ.
std::vector<LayerDiff> diff_plans(const Plan& before, const Plan& after);

}  // namespace moescope
