// A change of plan as a node reports it, under way or done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/analysis/serving/plan_effect.h"
#include "core/node/plan_phase.h"

namespace moescope {

/// A line of the log that the window shows.
struct NodePlanChange {
  std::uint64_t ticket = 0;  ///< 1, 2, ... in order of proposals
  std::string who, name;     ///< peer as the node knows it, name of the plan
  PlanPhase phase = PlanPhase::Proposed;
  std::string reason;            ///< why it was refused or rolled back: nothing changed then
  std::uint64_t base_epoch = 0;  ///< the epoch it starts from
  std::uint64_t epoch = 0;       ///< in force after it (equal to base_epoch: nothing changed)
  std::int64_t moves = 0;        ///< expert copies over both units
  std::uint64_t bytes_done = 0, bytes_total = 0;
  std::uint64_t ib_bytes = 0;                       ///< of bytes_done, between nodes
  std::uint32_t prefill_step = 0, decode_step = 0;  ///< first steps under the plan; 0: none yet
  int slot_count = 0, slots_probed = 0;             ///< how many the probe batch used
  std::int64_t wall_ns = 0;                         ///< Unix time of the proposal
  double seconds = 0;                               ///< from proposal to now or to the end
  /// Mean time per output token, seconds: before, from start to end, after; 0: no token then.
  double tpot_before = 0, tpot_during = 0, tpot_after = 0;
  std::optional<PlanEffect> effect;  ///< as reported by the client that requested the change

  bool in_force() const { return phase == PlanPhase::Holding || phase == PlanPhase::Released; }
  /// Decided for those who wait: its plan is in force, or will not be.
  bool over() const { return phase >= PlanPhase::Holding; }
  /// Progress towards force, 0..1.
  double fraction() const;
};

/// Outcome of a change of plan or of a dry run.
struct PlanOutcome {
  bool done = false;  ///< in force; for a dry run: would be tried
  NodePlanChange change;
  /// Why it is not done; the plan from before is in force then.
  const std::string& reason() const { return change.reason; }
};

}  // namespace moescope
