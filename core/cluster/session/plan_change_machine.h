// A change of plan as the client sees it that asks for it: checked by a dry run, applied, taken
// back. Which step follows on what the node answers, and what may be asked now; it asks nothing
// itself.
#pragma once

#include <cstdint>
#include <string>

#include "core/node/plan_change.h"

namespace moescope {

enum class PlanStep : std::uint8_t {
  Idle,
  Checking,    ///< a dry run was asked for
  Checked,     ///< the node would try it
  Applying,    ///< asked for; change() tells how far it is
  Returning,   ///< the plan from before was asked for
  InForce,     ///< it is in force, verified
  RolledBack,  ///< the plan from before is in force
  Refused,     ///< nothing was touched
  Failed,      ///< the call failed: the history of the node tells what came of it
};
inline constexpr int kPlanSteps = static_cast<int>(PlanStep::Failed) + 1;

/// One call of a node at a time. Each function returns whether it meant something in this step;
/// otherwise nothing changes.
class PlanChangeMachine {
 public:
  PlanStep step() const { return step_; }
  /// The node is asked for something.
  bool busy() const;
  /// As the node told last.
  const NodePlanChange& change() const { return change_; }
  /// Why it was refused, rolled back or failed.
  const std::string& problem() const { return problem_; }
  /// The change under way is not wanted any more: the listener of the call says so to the node.
  bool unwanted() const { return unwanted_; }

  // What the user wants: true when the node is to be asked.
  bool check();
  bool apply();
  bool roll_back();
  /// Gives up what is under way, as long as it is not committed.
  bool abandon();
  /// The result was seen.
  bool dismiss();

  // What the node says.
  bool progress(const NodePlanChange& change);
  bool answer(const PlanOutcome& outcome);
  bool fail(std::string problem);

 private:
  bool begin(PlanStep step);
  void end(PlanStep step, std::string problem);

  PlanStep step_ = PlanStep::Idle;
  NodePlanChange change_;
  std::string problem_;
  bool unwanted_ = false;
};

}  // namespace moescope
