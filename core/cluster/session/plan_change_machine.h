// State machine of a client that changes a plan: dry run, apply, roll back. It decides which step
// follows the node's answer and what may be requested now; it makes no calls itself.
#pragma once

#include <cstdint>
#include <string>

#include "core/node/plan_change.h"

namespace moescope {

enum class PlanStep : std::uint8_t {
  Idle,
  Checking,    ///< a dry run was asked for
  Checked,     ///< the node would try it
  Applying,    ///< requested; change() has its progress
  Returning,   ///< the plan from before was asked for
  InForce,     ///< it is in force, verified
  RolledBack,  ///< the plan from before is in force
  Refused,     ///< nothing was touched
  Failed,      ///< the call failed; see the node's history for the outcome
};
inline constexpr int kPlanSteps = static_cast<int>(PlanStep::Failed) + 1;

/// One call to a node at a time. Each function returns whether it applies in this step; otherwise
/// nothing changes.
class PlanChangeMachine {
 public:
  PlanStep step() const { return step_; }
  /// A call to the node is under way.
  bool busy() const;
  /// As last reported by the node.
  const NodePlanChange& change() const { return change_; }
  /// Why it was refused, rolled back or failed.
  const std::string& problem() const { return problem_; }
  /// The change under way is no longer wanted: the listener of the call passes that on to the node.
  bool unwanted() const { return unwanted_; }

  // Requests of the user: true when a call to the node is due.
  bool check();
  bool apply();
  bool roll_back();
  /// Abandons the change under way unless it is committed.
  bool abandon();
  /// The user has seen the result.
  bool dismiss();

  // Answers of the node.
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
