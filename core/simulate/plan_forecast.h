// The effect of a plan on a running engine: the cost model, fitted to the engine's own recording,
// predicts how much each figure changes from its measured value.
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

/// A running engine before a plan is applied. The load sets are of its units.
struct RunningEngine {
  TracePtr trace;
  RuleSet rules = RuleSet::built_in();
  TimeRange range;  ///< the time that the figures of before cover
  std::vector<ServedStep> steps;
  std::vector<std::shared_ptr<const LoadSet>> loads;
  int load_windows = 8;             ///< number of latest windows that count
  std::optional<double> imbalance;  ///< as the engine measures it; nullopt: from the loads
  Plan plan;                        ///< in force
  int workers = 0;                  ///< of a rank; 0: not known
  int comm_workers = 0;             ///< of these
  bool overlap = true;              ///< two micro-batches
  int cores = 0;  ///< shared by all ranks of all units; 0: each rank has what it needs
};

/// Figures before the change and predicted ones with error bars, and how they were computed. What
/// cannot be predicted stays nullopt with a note of the reason. Throws Cancelled.
PlanEffect forecast_plan(const RunningEngine& engine, const Plan& plan, Progress& progress);

}  // namespace moescope
