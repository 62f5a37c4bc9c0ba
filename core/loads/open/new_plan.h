// Initial plans for a machine and loads: an engine's default, the recorded placement, or EPLB's.
#pragma once

#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"

namespace moescope {

struct NewPlan {
  enum class Start {
    InOrder,  ///< experts in order, then again from the first, as engines start
    Running,  ///< the placement that the loads were recorded under
    Greedy    ///< EPLB's for the sum of the windows
  };
  Start start = Start::InOrder;
  int gpus = 1, nodes = 1, groups = 1;
  int slot_count = 0;  ///< physical experts of a layer; ignored for Running
};

/// A guess from the loads: GPUs of the recording, at most one redundant expert per GPU.
NewPlan suggest_plan(const LoadSet& loads);

/// Slots per layer of the plan.
int new_plan_slots(const NewPlan& wanted, const LoadSet& loads);
/// Throws Error when the numbers do not divide, the slots do not hold the experts, or no placement
/// was recorded.
void check_new_plan(const NewPlan& wanted, const LoadSet& loads);
/// Checks as check_new_plan() does, then makes the plan.
Plan make_plan(const NewPlan& wanted, const LoadSet& loads, int first_window, int last_window);

}  // namespace moescope
