#include "core/cluster/session/plan_change_machine.h"

#include <utility>

namespace moescope {
namespace {

/// Where a change that was answered has come to.
PlanStep step_of(const NodePlanChange& change) {
  if (change.in_force()) return PlanStep::InForce;
  if (change.phase == PlanPhase::RolledBack) return PlanStep::RolledBack;
  if (change.phase == PlanPhase::Refused) return PlanStep::Refused;
  return PlanStep::Failed;
}

}  // namespace

bool PlanChangeMachine::busy() const {
  return step_ == PlanStep::Checking || step_ == PlanStep::Applying || step_ == PlanStep::Returning;
}

bool PlanChangeMachine::begin(PlanStep step) {
  if (busy()) return false;
  step_ = step;
  change_ = {};
  problem_.clear();
  unwanted_ = false;
  return true;
}

void PlanChangeMachine::end(PlanStep step, std::string problem) {
  step_ = step;
  problem_ = std::move(problem);
  unwanted_ = false;
}

bool PlanChangeMachine::check() {
  return begin(PlanStep::Checking);
}

bool PlanChangeMachine::apply() {
  return begin(PlanStep::Applying);
}

bool PlanChangeMachine::roll_back() {
  return begin(PlanStep::Returning);
}

bool PlanChangeMachine::abandon() {
  if (!busy() || unwanted_) return false;
  unwanted_ = true;
  return true;
}

bool PlanChangeMachine::dismiss() {
  return step_ != PlanStep::Idle && begin(PlanStep::Idle);
}

bool PlanChangeMachine::progress(const NodePlanChange& change) {
  if (step_ != PlanStep::Applying) return false;
  change_ = change;
  return true;
}

bool PlanChangeMachine::answer(const PlanOutcome& outcome) {
  if (!busy()) return false;
  change_ = outcome.change;
  const PlanStep to = step_ != PlanStep::Checking ? step_of(change_)
                      : outcome.done              ? PlanStep::Checked
                                                  : PlanStep::Refused;
  const bool well = to == PlanStep::Checked || to == PlanStep::InForce;
  end(to, well                     ? ""
          : to == PlanStep::Failed ? "the node did not say how the change of plan ended"
                                   : outcome.reason());
  return true;
}

bool PlanChangeMachine::fail(std::string problem) {
  if (!busy()) return false;
  end(PlanStep::Failed, std::move(problem));
  return true;
}

}  // namespace moescope
