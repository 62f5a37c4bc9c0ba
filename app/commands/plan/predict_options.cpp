#include "app/commands/plan/predict_options.h"

#include <fmt/format.h>

#include <cmath>

#include "app/commands/command.h"
#include "app/commands/window_range.h"
#include "core/figure_text.h"
#include "core/simulate/defaults.h"
#include "core/simulate/model/description.h"

namespace moescope {
namespace {

Json whole(double ns) {
  return static_cast<std::int64_t>(std::llround(ns));
}

std::string known(const char* kind) {
  std::string text;
  for (const auto& name : description_names(kind)) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Json layer_json(const LayerPrediction& l) {
  return {{"layer_ns", whole(l.layer_ns)},
          {"dispatch_ns", whole(l.dispatch_ns)},
          {"expert_ns", whole(l.expert_ns)},
          {"expert_mean_ns", whole(l.expert_mean_ns)},
          {"even_expert_ns", whole(l.even_expert_ns)},
          {"combine_ns", whole(l.combine_ns)},
          {"critical_gpu", l.critical_gpu},
          {"regime", l.memory_bound ? "memory" : "compute"},
          {"memory_bound_gpus", l.memory_bound_gpus},
          {"imbalance", l.imbalance},
          {"remote_nodes_per_token", l.remote_nodes_per_token},
          {"ib_bytes", whole(l.ib_bytes)},
          {"nvlink_bytes", whole(l.nvlink_bytes)}};
}

Json move_json(const std::optional<MoveCost>& move) {
  if (!move) return nullptr;
  return {{"copies", move->copies},
          {"bytes", whole(move->bytes)},
          {"max_gpu_bytes", whole(move->gpu_bytes)},
          {"move_ns", whole(move->seconds * 1e9)},
          {"worst_layer_ns", whole(move->layer_seconds * 1e9)}};
}

}  // namespace

void add_predict_options(CLI::App& command, const std::shared_ptr<PredictChoice>& choice) {
  command.add_option("--hardware", choice->hardware,
                     "Hardware to predict on: " + known("hardware") + ", or a JSON file (h800)");
  command.add_option("--model", choice->model,
                     "Model: " + known("models") + ", or a JSON file (by experts and layers)");
  command.add_option("--unit", choice->unit,
                     "Serving unit: " + known("units") + ", or a JSON file (by GPUs and slots)");
  command
      .add_option("--comm-sms", choice->comm_sms,
                  "SMs that communication takes, 0 to see what it would be without")
      ->check(CLI::Range(0, 65535));
  command.add_option("--made-from", choice->made_from,
                     "Windows A:B that the plan was made from; the others judge it");
}

std::optional<ModelShape> chosen_model(const PredictChoice& choice, int experts, int layers) {
  return choice.model.empty() ? guess_model(experts, layers) : load_model_shape(choice.model);
}

std::optional<Prediction> predict_by_choice(const PredictChoice& choice, const Plan& plan,
                                            const LoadSet& loads, const Plan* previous,
                                            std::string& why) {
  const auto model = chosen_model(choice, loads.experts, plan.layers());
  if (!model) {
    why = fmt::format("no known model has {} experts and {} MoE layers; name one with --model",
                      loads.experts, plan.layers());
    return std::nullopt;
  }
  auto unit = choice.unit.empty() ? guess_unit(plan) : load_unit(choice.unit);
  unit.comm_sms = choice.comm_sms.value_or(unit.comm_sms);
  PredictOptions options;
  options.previous = previous;
  options.made_from = window_range(choice.made_from, loads, "--made-from");
  if (!options.made_from) options.made_from = choice.origin;
  auto prediction = predict(load_hardware(choice.hardware), *model, unit, plan, loads, options,
                            command_progress());
  prediction.notes.insert(prediction.notes.begin(),
                          fmt::format("predicted for {} on {}, unit: {}", model->title,
                                      choice.hardware, unit_on(unit, plan).name));
  return prediction;
}

std::optional<double> expert_bytes_of(const PredictChoice& choice, const Plan& plan) {
  const auto model = chosen_model(choice, plan.num_experts, plan.layers());
  if (!model) return std::nullopt;
  return model->expert_bytes();
}

Json prediction_json(const Prediction& p) {
  Json layers = Json::array();
  for (const auto& l : p.layers) layers.push_back(layer_json(l));
  const auto optional_ns = [](const std::optional<double>& ns) { return ns ? whole(*ns) : Json(); };
  return {{"step_ns", whole(p.step_ns)},
          {"error_ns", whole(p.error_ns())},
          {"noise_ns", whole(p.noise_ns())},
          {"model_error_ns", whole(p.model_error_ns)},
          {"batch_noise_ns", whole(p.batch_noise_ns)},
          {"drift_ns", optional_ns(p.drift_ns)},
          {"tokens_per_second", p.tokens_per_second},
          {"previous_step_ns", optional_ns(p.previous_ns)},
          {"gain_ns", p.previous_ns ? whole(*p.previous_ns - p.step_ns) : Json()},
          {"gain_below_noise", nullable(p.gain_below_noise)},
          {"weights_dominate", p.weights_dominate},
          {"even_gain_ns", whole(p.even_gain_ns)},
          {"judged_windows",
           {{"first", p.first_window}, {"last", p.last_window}, {"held_out", p.held_out}}},
          {"traffic_from", p.from_routes ? "routes" : "gate"},
          {"attention_ns", whole(p.attention_ns)},
          {"attention_comm_ns", whole(p.attention_comm_ns)},
          {"gate_ns", whole(p.gate_ns)},
          {"shared_ns", whole(p.shared_ns)},
          {"dense_ns", whole(p.dense_ns)},
          {"overlap_pct", nullable(p.overlap.overlap_percent())},
          {"exposed_comm_ns", p.overlap.exposed},
          {"memory",
           {{"expert_bytes", whole(p.memory.experts)},
            {"other_bytes", whole(p.memory.other)},
            {"cache_bytes", whole(p.memory.cache)},
            {"room_bytes", whole(p.memory.room)},
            {"fits", p.memory.fits()}}},
          {"move", move_json(p.move)},
          {"layers", std::move(layers)},
          {"notes", p.notes}};
}

void print_prediction(std::FILE* out, const Prediction& p) {
  fmt::print(out, "predicted step {}, {:.0f} tokens/s", duration_text(p.step_ns, p.error_ns()),
             p.tokens_per_second);
  if (const auto overlap = p.overlap.overlap_percent())
    fmt::print(out, ", {:.1f} % of communication hidden", *overlap);
  fmt::print(out, "\n  of the error, {} is noise of batches and drift, the rest the model's own\n",
             duration_text(p.noise_ns()));
  if (p.previous_ns)
    fmt::print(out, "  the previous plan {}: gain {}{}\n", duration_text(*p.previous_ns),
               duration_text(*p.previous_ns - p.step_ns, p.noise_ns()),
               p.gain_below_noise.value_or(false) ? ", below the noise" : "");
  if (p.move)
    fmt::print(out, "  to move: {} copies, {}, at most {} to a GPU, {}\n", p.move->copies,
               bytes_text(p.move->bytes), bytes_text(p.move->gpu_bytes),
               duration_text(p.move->seconds * 1e9));
  for (const auto& note : p.notes) fmt::print(out, "  {}\n", note);
}

}  // namespace moescope
