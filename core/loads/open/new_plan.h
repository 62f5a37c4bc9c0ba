// First plans for a machine and loads: what an engine starts with, what ran, or DeepSeek's greedy
// one.
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

/// A guess from what the loads tell: GPUs of the recording, one redundant expert a GPU at most.
NewPlan suggest_plan(const LoadSet& loads);

/// Slots of a layer that the plan would have.
int new_plan_slots(const NewPlan& wanted, const LoadSet& loads);
/// Throws Error when the numbers do not divide, the slots do not hold the experts, or nothing ran.
void check_new_plan(const NewPlan& wanted, const LoadSet& loads);
/// As check_new_plan(), then makes it.
Plan make_plan(const NewPlan& wanted, const LoadSet& loads, int first_window, int last_window);

}  // namespace moescope
