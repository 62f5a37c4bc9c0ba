// How far a change of plan is: the same words in the engine, on the wire and in every view.
#pragma once

#include <cstdint>

namespace moescope {

/// The last three are final.
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

/// "proposed", "preparing", "committing", "verifying", "holding", "released", "rolled_back",
/// "refused".
const char* to_string(PlanPhase phase);

/// Nothing changes any more.
inline bool is_final(PlanPhase phase) {
  return phase >= PlanPhase::Released;
}

}  // namespace moescope
