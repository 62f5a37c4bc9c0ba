// What can be done about a plan in force, and what each would gain and cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/rules/replica_rule.h"
#include "core/simulate/predict.h"

namespace moescope {

/// What serves: every figure of the advice is for it.
struct Deployment {
  Hardware hardware;
  ModelShape model;
  ServingUnit unit;
  std::string engine;  ///< as in rule_engines(); empty: unknown
  ReplicaRule rule = ReplicaRule::Even;
  Plan plan;                ///< in force
  std::string plan_origin;  ///< in words: what says that this plan is in force
};

struct AdviseOptions {
  std::optional<double> period_s;  ///< of periodic balancing; nullopt: the engine's own
  double horizon_s = 3600;         ///< a single change is expected to stay for that long
  int max_copies = 8;              ///< of a layer, in a bounded migration
  int extra_slots_per_gpu = 1;     ///< with more redundancy
  std::optional<double> knee;      ///< measured; nullopt: predicted
  std::uint64_t seed = 1;
};

enum class AdvisedKind { Resplit, BoundedMigration, FullPlan, MoreRedundancy, Periodic };
/// "resplit", "bounded_migration", "full_plan", "more_redundancy", "periodic".
const char* to_string(AdvisedKind kind);

/// Shares are of the step of today, positive is faster.
struct AdvisedAction {
  AdvisedKind kind = AdvisedKind::FullPlan;
  double gain = 0,
         gain_error = 0;      ///< of the predicted step, on windows that did not make the plan
  double bytes_moved = 0;     ///< of a change, all GPUs
  double stall_s = 0;         ///< of a change
  double every_s = 0;         ///< a change every so often
  double kv_tokens_lost = 0;  ///< room in the caches of all GPUs that the slots take
  double net = 0;             ///< gain less stalls and less the batch that no longer fits
  double imbalance = 1;       ///< after it, on the same windows, under `rule`
  ReplicaRule rule = ReplicaRule::Even;  ///< that it needs; another than today's in a resplit
  Plan plan;                             ///< after it; in periodic balancing the last one
};

/// The step under the plan in force.
struct StepToday {
  double step_ns = 0;
  double imbalance = 1;           ///< mean over layers, on the judged windows
  double even_gain = 0;           ///< share of the step that perfectly even tokens would gain
  bool weights_dominate = false;  ///< reading weights takes as long as computing
};
StepToday step_today(const Deployment& deployment, const LoadSet& loads, Progress& progress);

/// All actions that the engine's rule and the loads allow, cheapest first: resplit where the engine
/// has another rule, periodic where the windows are ordered.
/// @param loads in the layers of the plan. Throws Error, Cancelled.
std::vector<AdvisedAction> advised_actions(const Deployment& deployment, const LoadSet& loads,
                                           const AdviseOptions& options, Progress& progress);

}  // namespace moescope
