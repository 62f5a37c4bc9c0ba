// Loads and plans of a serving unit where none are given.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"
#include "core/progress.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"

namespace moescope {

/// Equal loads for all experts of a model. @param layers 0: its MoE layers
LoadSet even_loads(const ModelShape& model, int layers = 0);

/// A plan for the unit, made from windows [first, last) of the loads. Throws Error where the unit
/// has no plan, Cancelled.
Plan plan_for(const ServingUnit& unit, const ModelShape& model, const LoadSet& loads,
              std::pair<int, int> windows, Progress& progress);

/// The plan with the shares that a rule gives its replicas under all windows of the loads, a routed
/// shared expert's included.
/// @param loads in the layers of the plan
/// Throws Error where the plan's machine cannot follow the rule.
Plan ruled_plan(Plan plan, ReplicaRule rule, const LoadSet& loads, const ModelShape& model);

/// The first half of the windows, at least one: what a plan is made from when the rest judges it.
std::pair<int, int> windows_to_plan_from(const LoadSet& loads);

/// Plans and even loads that were made before are found again. Thread-safe.
class UnitPlans {
 public:
  using LoadsPtr = std::shared_ptr<const LoadSet>;

  /// even_loads()
  LoadsPtr even(const ModelShape& model, int layers = 0);
  /// plan_for() windows_to_plan_from() of the loads.
  std::shared_ptr<const Plan> plan(const ServingUnit& unit, const ModelShape& model,
                                   const LoadsPtr& loads, Progress& progress);

 private:
  struct Made {
    LoadsPtr loads;
    std::string model;
    int gpus = 0, nodes = 0, slots = 0, shared_gpus = 0;
    std::shared_ptr<const Plan> plan;  ///< null: only the loads were made
  };

  std::mutex mutex_;
  std::vector<Made> made_;  ///< the oldest first
};

}  // namespace moescope
