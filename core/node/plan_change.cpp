#include "core/node/plan_change.h"

#include <array>

namespace moescope {

const char* to_string(PlanPhase phase) {
  constexpr std::array names = {"proposed", "preparing", "committing",  "verifying",
                                "holding",  "released",  "rolled_back", "refused"};
  return names.at(static_cast<std::size_t>(phase));
}

double NodePlanChange::fraction() const {
  // Copying takes most of the time; the rest are a few steps of the engine each.
  constexpr double kPrepared = 0.8, kCommitted = 0.9;
  if (over()) return 1;
  if (phase == PlanPhase::Committing) return kPrepared;
  if (phase == PlanPhase::Verifying) return kCommitted;
  if (bytes_total == 0) return 0;
  return kPrepared * static_cast<double>(bytes_done) / static_cast<double>(bytes_total);
}

}  // namespace moescope
