// A change of plan as a node tells it, under way or done.
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
  int slot_count = 0, slots_probed = 0;             ///< how many the verifying batch went through
  std::int64_t wall_ns = 0;                         ///< Unix time of the proposal
  double seconds = 0;                               ///< from proposal to now or to the end
  /// Mean time per output token, seconds: before, from start to end, after; 0: no token then.
  double tpot_before = 0, tpot_during = 0, tpot_after = 0;
  std::optional<PlanEffect> effect;  ///< as the client told that asked for it

  bool in_force() const { return phase == PlanPhase::Holding || phase == PlanPhase::Released; }
  /// For whoever waits for it: its plan is in force, or will not be.
  bool over() const { return phase >= PlanPhase::Holding; }
  /// 0..1 of the way into force.
  double fraction() const;
};

/// How a change of plan ended, or what a dry run found.
struct PlanOutcome {
  bool done = false;  ///< in force, or in a dry run: would be tried
  NodePlanChange change;
  /// Why it is not done; the plan from before is in force then.
  const std::string& reason() const { return change.reason; }
};

}  // namespace moescope
