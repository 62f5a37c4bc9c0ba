// Options and output of commands that predict step times.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "app/commands/json_output.h"
#include "core/loads/load_set.h"
#include "core/simulate/predict.h"

namespace moescope {

struct PredictChoice {
  std::string hardware = "h800", model, unit;
  std::optional<int> comm_sms;
  std::string made_from;
  /// Windows [first, last) that made the plan, from its file; made_from takes precedence.
  std::optional<std::pair<int, int>> origin;
};
void add_predict_options(CLI::App& command, const std::shared_ptr<PredictChoice>& choice);

/// The model that is named, else the one with as many experts and MoE layers; nullopt when there is
/// none. Throws Error.
std::optional<ModelShape> chosen_model(const PredictChoice& choice, int experts, int layers);

/// Predicts by the choice, with model and unit guessed from the plan where none is named. Nullopt
/// with the reason in `why` when no model was named and none fits.
std::optional<Prediction> predict_by_choice(const PredictChoice& choice, const Plan& plan,
                                            const LoadSet& loads, const Plan* previous,
                                            std::string& why);

/// Bytes of one expert in one layer: of the model chosen, else of the one that the plan's shape
/// suggests; nullopt when neither is known.
std::optional<double> expert_bytes_of(const PredictChoice& choice, const Plan& plan);

/// All figures; times are integer nanoseconds.
Json prediction_json(const Prediction& prediction);
/// The main figures, on `out`.
void print_prediction(std::FILE* out, const Prediction& prediction);

}  // namespace moescope
