// Persistent storage of the plan in force.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/placement/plan.h"
#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {

/// A plan with what a restart needs to continue from it.
struct StoredPlan {
  std::uint64_t epoch = 0;
  std::string name;
  Plan plan;
  std::optional<Plan> previous;  ///< what a rollback brings back
};

/// A change is prepared while requests are served, adopted between two steps, and reported as done
/// only when it is stored durably. All throw Error. One change at a time.
class PlanStore {
 public:
  virtual ~PlanStore() = default;
  /// Writes `next` beside the plan that is stored, which stays the stored one.
  virtual void prepare(const StoredPlan& next) = 0;
  /// What was prepared last becomes the stored plan, all at once; takes microseconds.
  virtual void adopt() = 0;
  /// Returns when the adopted plan would survive a loss of power.
  virtual void sync() = 0;
};

/// The state from which an engine's plans continue; the defaults are those of a first start.
struct PlanStart {
  std::uint64_t epoch = 0;
  std::optional<Placement> previous;  ///< what a rollback brings back
  PlanStore* store = nullptr;         ///< nullptr: changes end with the process
};

}  // namespace moescope::runtime
