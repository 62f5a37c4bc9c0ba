// The plan that a node starts with: given, stored, or the experts in order.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gpu/comm/memory/processes.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/node/plan_state.h"

namespace moescope::runtime {

struct FirstPlan {
  std::unique_ptr<PlanState> state;  ///< of the first process; nullptr: changes are not stored
  std::optional<Placement> placement;
  PlanStart start;
  std::string name = "epoch 0";  ///< as recordings name it
};

struct FirstPlanOptions {
  std::string given;  ///< plan file of the command line
  std::string state;  ///< folder; "": beside the recording
  std::string out;    ///< recording
  bool listens = false;
  Processes* processes = nullptr;
};

/// Goes on from the plan in the state, if there is one and nobody gave another plan since: that is
/// the next epoch then. Every process makes the call. Throws Error when a plan does not fit the
/// model and the layout; with a state beside a recording that is only a note, and epoch 0 begins.
FirstPlan first_plan(const FirstPlanOptions& options, const ModelConfig& config,
                     const PlanFrame& frame);

}  // namespace moescope::runtime
