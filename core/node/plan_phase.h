// Phase of a change of plan: the same terms in the engine, on the wire and in every view.
#pragma once

#include <cstdint>

namespace moescope {

/// The last three are final.
enum class PlanPhase : std::uint8_t {
  Proposed,    ///< waits for its turn
  Preparing,   ///< weights are copied to spare places; serving goes on
  Committing,  ///< both units reach the step boundary where the plan changes
  Verifying,   ///< a probe batch runs under the new plan, before any request does
  Holding,     ///< in force; the old weights are kept, so that a rollback is a flip
  Released,    ///< in force, the old weights are gone
  RolledBack,  ///< the plan from before is in force
  Refused,     ///< nothing was touched
};

/// "proposed", "preparing", "committing", "verifying", "holding", "released", "rolled_back",
/// "refused".
const char* to_string(PlanPhase phase);

/// Whether the change has ended.
inline bool is_final(PlanPhase phase) {
  return phase >= PlanPhase::Released;
}

}  // namespace moescope
