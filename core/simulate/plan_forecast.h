// What a plan will do on a running engine: the cost model, fitted to the engine's own recording,
// says by how much each figure changes from what was measured.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/serving/plan_effect.h"
#include "core/analysis/serving/serving.h"
#include "core/analysis/spans/classify.h"
#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// An engine as it runs when a plan is about to be applied to it. Sets are of its units.
struct RunningEngine {
  TracePtr trace;
  RuleSet rules = RuleSet::built_in();
  TimeRange range;  ///< what was served lately: the figures of before are of this time
  std::vector<ServedStep> steps;
  std::vector<std::shared_ptr<const LoadSet>> loads;
  int load_windows = 8;             ///< so many of the last ones count
  std::optional<double> imbalance;  ///< as the engine measures it; nullopt: from the loads
  Plan plan;                        ///< in force
  int workers = 0;                  ///< of a rank; 0: not known
  int comm_workers = 0;             ///< of these
  bool overlap = true;              ///< two micro-batches
  int cores = 0;  ///< that all ranks of all units share; 0: each rank has what it needs
};

/// Figures of before and predicted ones with their error bars, and how they were made. What cannot
/// be predicted stays nullopt and says why. Throws Cancelled.
PlanEffect forecast_plan(const RunningEngine& engine, const Plan& plan, Progress& progress);

}  // namespace moescope
