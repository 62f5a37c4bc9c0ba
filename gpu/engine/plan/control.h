// Control of an engine while it serves: plan changes, settings, status. All calls are thread-safe,
// before, during and after Engine::run().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/node/node_status.h"
#include "core/placement/plan.h"
#include "gpu/engine/placement/workload.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

using PlanTicket = std::uint64_t;  ///< 1, 2, ... in order of proposals

/// Seconds that a phase may take; a phase that takes longer is undone.
struct PlanDeadlines {
  double prepare = 60, commit = 10, verify = 10;
};

struct PlanOptions {
  std::string id;   ///< a second proposal with the same id is answered with the first one's ticket
  std::string who;  ///< for the history
  std::string name = "plan";
  /// At most this many bytes are copied between two steps of a unit.
  std::uint64_t bytes_per_step = std::uint64_t{1} << 20;
  double hold = 0;  ///< seconds in which the old weights stay after the change
  /// Change layer by layer, each with an epoch of its own, when the spare places cannot take all
  /// new weights at once. A failure then keeps the layers that were verified before it.
  bool by_layer = true;
  PlanDeadlines deadlines;
};

/// A plan change as the engine keeps it: what is reported, and internal state. Times in ns of the
/// steady clock, 0: not reached.
struct PlanRecord : NodePlanChange {
  std::string id;
  int stages = 0;  ///< commits that it takes
  std::int64_t proposed = 0, started = 0, prepared = 0, committed = 0, verified = 0, ended = 0;
};

inline NodeWorkers node_workers(const WorkerBudget& budget) {
  return {budget.workers, budget.communication};
}

class Control {
 public:
  virtual ~Control() = default;

  /// Asks for `plan` on both units (num_gpus: ranks of a unit; num_experts with the shared expert
  /// when that is routed). Returns at once; a bad proposal ends as Refused with a reason. Changes
  /// run one after the other.
  virtual PlanTicket propose_plan(const Plan& plan, std::uint64_t base_epoch,
                                  const PlanOptions& options) = 0;
  /// Undoes the change that is under way or held by flipping back; after its release proposes the
  /// plan from before it. Returns the ticket of the change that will have the result; nullopt when
  /// there is nothing to undo.
  virtual std::optional<PlanTicket> rollback(const std::string& who) = 0;
  virtual std::uint64_t epoch() const = 0;
  /// The plan in force.
  virtual Plan plan() const = 0;
  /// The plan from before the last released change, which rollback() restores; nullopt when there
  /// is none.
  virtual std::optional<Plan> previous_plan() const = 0;
  virtual std::optional<PlanRecord> plan_change(PlanTicket ticket) const = 0;
  /// All changes in order of proposal.
  virtual std::vector<PlanRecord> history() const = 0;
  /// Called after every change of a change's state, from the thread that made it; must not call
  /// back into the control. Replaces the listener before.
  virtual void on_plan_change(std::function<void(const PlanRecord&)> listener) = 0;

  /// Both take effect at the next step of each unit.
  virtual void set_overlap(bool overlap) = 0;
  virtual void set_budget(WorkerBudget requested) = 0;
  /// Requests that arrive from now on. Throws Error when they do not fit the engine's limits.
  virtual void set_workload(const WorkloadOptions& workload) = 0;
  /// Status of the engine. Facts of the node, its viewers, changes and plans are filled in by the
  /// node.
  virtual NodeStatus status() const = 0;
};

}  // namespace moescope::runtime
