// What a step would take with another unit, machine, plan or rule: the same files, other settings.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"
#include "core/progress.h"
#include "core/simulate/sweep.h"
#include "core/simulate/what_if/predict_by_cause.h"
#include "core/simulate/what_if/unit_plans.h"

namespace moescope {

/// Settings of a step. What is nullopt is the unit's, or the open plan's.
struct WhatIf {
  std::string hardware = "h800", model = "deepseek-v3", unit = "decode144";  ///< names or files
  std::optional<int> gpus;       ///< that experts are spread over; nodes stay as large
  std::optional<int> redundant;  ///< slots of a layer beyond the model's experts
  std::optional<int> comm_sms;
  std::optional<double> tokens_per_gpu;  ///< of one micro-batch
  std::optional<CommLibrary> library;
  std::optional<ReplicaRule> rule;  ///< nullopt: usual_rule()
  bool given_plan = true;           ///< the open plan, where it fits; else one made for the unit
  friend bool operator==(const WhatIf&, const WhatIf&) = default;
};

/// What the settings are applied to.
struct WhatIfFiles {
  std::shared_ptr<const LoadSet> loads;  ///< null: even loads
  int first_window = 0;                  ///< number of their first window
  std::shared_ptr<const Plan> plan;      ///< null: none is open
  /// Windows of the loads that made the plan, see PredictOptions.
  std::optional<std::pair<int, int>> made_from;
};

/// The settings with everything that a prediction needs.
struct WhatIfCase {
  Hardware hardware;
  ModelShape model;
  ServingUnit unit;  ///< as on the machine of the plan
  ReplicaRule rule = ReplicaRule::Even;
  Plan plan;  ///< under the rule
  bool given_plan = false;
  std::shared_ptr<const LoadSet> loads;  ///< of the plan's layers
  bool given_loads = false;
  PredictOptions options;
  std::vector<std::string> notes;  ///< what stands in for what is open and does not fit
};

/// The unit with batch, SMs, GPUs, redundant experts and library of the settings. Throws Error
/// where there is none.
ServingUnit unit_with_settings(ServingUnit unit, const ModelShape& model, const WhatIf& settings);

/// The unit of the settings, without a plan being made for it. Throws Error where there is none.
ServingUnit unit_of(const WhatIf& settings, const WhatIfFiles& files);

/// @param plans keeps what has to be made, so that the next answer is faster
/// Throws Error (unknown names, numbers that do not divide, a rule that the machine cannot follow),
/// Cancelled.
WhatIfCase make_case(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans,
                     Progress& progress);

/// "decode of tiny on 8 GPUs (h800), 64 slots, 20 tokens per GPU, deepep_low_latency on 0 SMs"
std::string case_text(const WhatIfCase& answered);

/// The step of a case by cause. Throws Error, Cancelled.
CausedPrediction predict_case(const WhatIfCase& asked, Progress& progress);

/// Predicts the settings over a range of one of them. Throws Error, Cancelled.
/// @param values empty: a range that suits the unit
Sweep sweep_case(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans, SweepOver over,
                 std::vector<double> values, Progress& progress);

/// Writes one step of the case as a trace (.moetrace) and returns its time, ns. Throws Error,
/// Cancelled.
TimeNs write_case_trace(const WhatIfCase& simulated, const std::string& path, Progress& progress);

}  // namespace moescope
