// What can be asked of an engine while it serves: plan changes, settings, its state. Every call is
// safe from any thread, before, during and after Engine::run().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/placement/plan.h"
#include "gpu/engine/placement/workload.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

using PlanTicket = std::uint64_t;  ///< 1, 2, ... in order of proposals

/// How far a plan change is. The last three are final.
enum class PlanPhase : std::uint8_t {
  Proposed,    ///< waits for its turn
  Preparing,   ///< weights travel into spare places; serving goes on
  Committing,  ///< both units come to the step boundary where the plan changes
  Verifying,   ///< a probe batch runs under the new plan, before any request does
  Holding,     ///< in force; the old weights are kept, going back is a flip
  Released,    ///< in force, the old weights are gone
  RolledBack,  ///< the plan from before is in force
  Refused,     ///< nothing was touched
};
inline constexpr int kPlanPhases = static_cast<int>(PlanPhase::Refused) + 1;
/// "proposed", "preparing", "committing", "verifying", "holding", "released", "rolled_back",
/// "refused".
const char* to_string(PlanPhase phase);
inline bool is_final(PlanPhase phase) {
  return phase >= PlanPhase::Released;
}

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

/// One plan change: its state while it runs, its record afterwards. Times in ns of the steady
/// clock, 0: not reached.
struct PlanChange {
  PlanTicket ticket = 0;
  std::string id, who, name;
  PlanPhase phase = PlanPhase::Proposed;
  std::string reason;            ///< why it was refused or rolled back
  std::uint64_t base_epoch = 0;  ///< the epoch it starts from
  std::uint64_t epoch = 0;       ///< in force after it (equal to base_epoch: nothing changed)
  int moves = 0;                 ///< expert copies over both units
  std::uint64_t bytes_done = 0, bytes_total = 0;
  std::uint64_t ib_bytes = 0;             ///< of bytes_done, between nodes
  int stages = 0;                         ///< commits that it takes
  std::uint32_t commit_step[2] = {0, 0};  ///< first step of each unit (by UnitKind) under the plan
  int slots = 0, slots_probed = 0;  ///< of both units, and how many the probe batch went through
  std::int64_t wall = 0;            ///< when it was proposed, ns since 1970
  std::int64_t proposed = 0, started = 0, prepared = 0, committed = 0, verified = 0, ended = 0;
  /// Mean time per output token, seconds: in the seconds before, from start to end, in the seconds
  /// after. 0: no token was made then.
  double tpot_before = 0, tpot_during = 0, tpot_after = 0;
};

/// Requested, granted and seen at work in the last second.
struct BudgetStatus {
  WorkerBudget requested, granted, observed;
};

struct UnitStatus {
  std::uint32_t steps = 0;
  double steps_per_second = 0, tokens_per_second = 0;  ///< of the last second
  std::vector<double> imbalance;  ///< max over mean rank load of each MoE layer, last full window
  BudgetStatus budget;
};

struct RankStatus {
  int rank = 0, node = 0;
  UnitKind unit = UnitKind::Prefill;
  std::uint64_t dropped = 0;  ///< records that did not fit its rings
  std::uint64_t tokens = 0;   ///< expert rows computed in the last full window
};

/// How it is known that a rank hangs.
enum class HangReason : std::uint8_t {
  Stopped,   ///< its process is stopped by a signal or a debugger
  Silent,    ///< its process gives no sign of life
  Blocked,   ///< inside a step it neither computes nor waits for another rank
  Computes,  ///< one part of a step takes processor time without end
};
const char* to_string(HangReason reason);

/// A rank that hangs; it is no longer told of when it goes on.
struct HungRank {
  int rank = 0;
  int process = 0;       ///< number of its process in the run
  std::int64_t pid = 0;  ///< of that process
  std::string host;      ///< where that runs
  double seconds = 0;    ///< since it was last seen to do something
  HangReason reason = HangReason::Silent;
};

struct EngineStatus {
  bool running = false;  ///< between begin and end of Engine::run()
  double seconds = 0;    ///< since its begin
  std::uint64_t epoch = 0;
  std::uint64_t arrived = 0, waiting = 0, decoding = 0, finished = 0;
  double ttft_p50 = 0, ttft_p95 = 0, tpot_p50 = 0, tpot_p95 = 0;  ///< seconds, 0 when none
  double within_target = 0;  ///< share of finished requests that met both targets
  bool overlap = true;
  std::string detail;  ///< of the recording: "spans", "steps"; empty: nothing is recorded
  std::string links;   ///< rates of paced links; empty: not paced
  WorkloadOptions workload;
  UnitStatus units[2];  ///< by UnitKind
  std::vector<RankStatus> ranks;
  std::uint64_t dropped = 0;  ///< records, of all ranks
  std::vector<HungRank> hung;
};

class Control {
 public:
  virtual ~Control() = default;

  /// Asks for `plan` on both units (num_gpus: ranks of a unit; num_experts with the shared expert
  /// when that is routed). Returns at once; a bad proposal ends as Refused with a reason. Changes
  /// run one after the other.
  virtual PlanTicket propose_plan(const Plan& plan, std::uint64_t base_epoch,
                                  const PlanOptions& options) = 0;
  /// Undoes the change that is under way or held by flipping back; after its release proposes the
  /// plan from before it. Returns the ticket of the change that will tell the result; nothing when
  /// there is nothing to undo.
  virtual std::optional<PlanTicket> rollback(const std::string& who) = 0;
  virtual std::uint64_t epoch() const = 0;
  /// The plan in force.
  virtual Plan plan() const = 0;
  /// The plan from before the last released change, which rollback() brings back; nothing when
  /// there is none.
  virtual std::optional<Plan> previous_plan() const = 0;
  virtual std::optional<PlanChange> plan_change(PlanTicket ticket) const = 0;
  /// All changes in order of proposal.
  virtual std::vector<PlanChange> history() const = 0;
  /// Called after every change of a change's state, from the thread that made it; must not call
  /// back into the control. Replaces the listener before.
  virtual void on_plan_change(std::function<void(const PlanChange&)> listener) = 0;

  /// Both take effect at the next step of each unit.
  virtual void set_overlap(bool overlap) = 0;
  virtual void set_budget(WorkerBudget requested) = 0;
  /// Requests that arrive from now on. Throws Error when they do not fit the engine's limits.
  virtual void set_workload(const WorkloadOptions& workload) = 0;
  virtual EngineStatus status() const = 0;
};

}  // namespace moescope::runtime
