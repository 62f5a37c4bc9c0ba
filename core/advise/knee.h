// From which imbalance on balance is felt at all.
#pragma once

#include "core/loads/load_set.h"
#include "core/simulate/predict.h"

namespace moescope {

/// The step as a function of the mean imbalance r: flat up to the knee, then rising linearly,
/// T(r) = T_flat (1 + slope max(0, r - knee)). The form fits measured steps with R2 above 0.996 up
/// to r = 1.8 (Qwen3-235B, EP8).
struct BalanceResponse {
  double knee = 1;
  double slope = 0;  ///< relative to the flat step, per unit of imbalance
  double flat_ns = 0;
  double r2 = 1;               ///< of the fit; 1 where the step is flat
  double least = 1, most = 1;  ///< imbalances that were looked at
};

/// Predicts the step for loads between perfectly even replicas and half as uneven again as the
/// given ones, with tokens split equally over replicas, and fits the form to it.
/// @pre as predict()
BalanceResponse balance_response(const Hardware& hardware, const ModelShape& model,
                                 const ServingUnit& unit, const Plan& plan, const LoadSet& loads,
                                 Progress& progress);

/// The fit alone. @param imbalance,step_ns at least three points, ascending imbalance
BalanceResponse fit_response(const std::vector<double>& imbalance,
                             const std::vector<double>& step_ns);

}  // namespace moescope
