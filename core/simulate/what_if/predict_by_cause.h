// A predicted step divided by cause.
#pragma once

#include "core/analysis/steps/step_causes.h"
#include "core/simulate/predict.h"

namespace moescope {

struct CausedPrediction {
  Prediction prediction;
  StepCauses causes;  ///< they sum to prediction.step_ns
};

/// predict() with the time of every GPU in every drawn batch given to one cause each, see
/// StepCause. Attention counts with the collectives of tensor parallelism before and after it. An
/// all-to-all counts whole, its latency too, where nothing is computed beside it; launch floors are
/// taken out of the computing stages alone. `options.visit` is called as well.
/// Throws as predict() does.
CausedPrediction predict_by_cause(const Hardware& hardware, const ModelShape& model,
                                  const ServingUnit& unit, const Plan& plan, const LoadSet& loads,
                                  const PredictOptions& options, Progress& progress);

}  // namespace moescope
