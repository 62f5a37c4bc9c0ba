#include "core/simulate/plan_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/serving/imbalance_forecast.h"
#include "core/analysis/serving/step_traffic.h"
#include "core/error.h"
#include "core/mean.h"
#include "core/simulate/defaults.h"
#include "core/simulate/predict.h"
#include "core/simulate/refit.h"
#include "core/simulate/step/traffic.h"

namespace moescope {
namespace {

constexpr double kGateError = 0.012;  ///< of visits_of_gate(), relative
constexpr int kParts = 8;  ///< of the time before, whose scatter is part of the error bar

/// The set of decode loads: steps are predicted for that unit.
const LoadSet* decode_loads(const RunningEngine& engine) {
  for (const auto& set : engine.loads)
    if (set->unit == "decode") return set.get();
  return engine.loads.size() == 1 ? engine.loads.front().get() : nullptr;
}

void predict_imbalance(const RunningEngine& engine, const Plan& plan, PlanEffect& effect) {
  auto& figure = effect.imbalance;
  figure.before = engine.imbalance;
  if (!figure.before)
    if (const auto now = forecast_imbalance(engine.loads, engine.load_windows, engine.plan))
      figure.before = now->seen;
  const auto next = forecast_imbalance(engine.loads, engine.load_windows, plan);
  if (!next) {
    effect.notes.emplace_back("imbalance: no loads of these layers and experts were recorded yet");
    return;
  }
  figure.predicted = next->expected;
  figure.error = next->error;
}

/// A rank of the engine in terms of the cost model, with what the recording shows.
Hardware fitted_hardware(const RunningEngine& engine, const Classification& classes,
                         const ModelShape& model, PlanEffect& effect, Progress& progress) {
  Hardware rank = load_hardware("cpu");
  if (engine.workers > 0) rank.sm_count = engine.workers;
  const Refit fit = refit_hardware(*engine.trace, classes, rank, model, progress, engine.range);
  for (const RefitConstant& constant : fit.constants)
    if (constant.value)
      effect.fitted.push_back(fmt::format("{} {:.3g} (within {:.0f} %, {} spans)", constant.name,
                                          *constant.value, constant.residual * 100,
                                          constant.samples));
  if (effect.fitted.empty())
    effect.notes.emplace_back("no constant could be fitted from the recording; assumed ones count");
  return fit.hardware;
}

/// Mean tokens of a decode step in the range; 0: none.
double step_tokens(const RunningEngine& engine) {
  std::vector<double> tokens;
  for (const ServedStep& step : engine.steps)
    if (step.decode && step.begin >= engine.range.begin && step.begin < engine.range.end)
      tokens.push_back(step.tokens);
  return mean_of(tokens).value_or(0);
}

ServingUnit unit_of(const RunningEngine& engine, const Plan& plan, double tokens) {
  ServingUnit unit;
  unit.name = "the decode unit";
  unit.phase = Phase::Decode;
  unit.gpus = plan.num_gpus;
  unit.nodes = plan.num_nodes;
  unit.slot_count = plan.slot_count();
  unit.micro_batches = engine.overlap ? 2 : 1;
  unit.tokens_per_gpu = tokens / plan.num_gpus / unit.micro_batches;
  unit.comm_sms = engine.overlap && engine.comm_workers < engine.workers ? engine.comm_workers : 0;
  return unit;
}

/// Ranks that have to take turns on the cores finish together, whichever has more to do: the
/// experts' stage is then as long as all their work on all cores, unless one rank alone takes
/// longer.
double experts_stage(const Prediction& prediction, double crowding) {
  double sum = 0;
  for (const LayerPrediction& layer : prediction.layers)
    sum += std::max(layer.expert_ns / crowding, layer.expert_mean_ns);
  return sum;
}

/// Length of a step after over before.
double step_ratio(const Prediction& now, const Prediction& next, double crowding,
                  int micro_batches) {
  if (crowding <= 1) return next.step_ns / now.step_ns;
  const double gain = experts_stage(now, crowding) - experts_stage(next, crowding);
  return 1 - gain * micro_batches / now.step_ns;
}

/// Ranks that a token is sent to, summed over the layers: the runtime sends it once to each rank
/// that has some of its experts, from any rank alike.
double rank_visits(const Plan& plan, const LayerLoads& loads, const ModelShape& model) {
  double visits = 0;
  for (std::size_t l = 0; l < loads.size(); ++l) {
    const auto& row = plan.physical_to_logical[l];
    const auto replicas = replica_counts(row, plan.num_experts);
    const double total = std::accumulate(loads[l].begin(), loads[l].end(), 0.0);
    std::vector<double> share(row.size(), 0.0);
    for (std::size_t s = 0; s < row.size() && total > 0; ++s) {
      if (row[s] == kNoExpert) continue;
      const auto e = static_cast<std::size_t>(row[s]);
      const double part =
          plan.replica_weight.empty() ? 1.0 / replicas[e] : plan.replica_weight[l][s];
      share[s] = loads[l][e] * part / total;
    }
    for (const double v : visits_of_gate(plan, row, share, model).gpu) visits += v;
  }
  return visits;
}

std::vector<TimeRange> parts_of(TimeRange range) {
  std::vector<TimeRange> parts;
  const auto cut = [&](int i) { return range.begin + (range.end - range.begin) * i / kParts; };
  for (int i = 0; i < kParts; ++i) parts.push_back({cut(i), cut(i + 1)});
  return parts;
}

/// Predicted and error bar from what was measured: the ratio by the model, the scatter by parts of
/// the time before.
void scale(EffectFigure& figure, double ratio, double relative_error,
           const std::vector<double>& parts) {
  if (!figure.before) return;
  figure.predicted = *figure.before * ratio;
  figure.error = *figure.before * relative_error + deviation_of(parts).value_or(0);
}

void measure_before(const RunningEngine& engine, const Classification& classes, PlanEffect& effect,
                    const Progress& progress) {
  effect.decode_step.before = mean_decode_step(engine.steps, engine.range);
  const auto traffic =
      decode_traffic(*engine.trace, classes, engine.steps, {engine.range}, progress)[0];
  if (traffic) set_traffic(effect, &EffectFigure::before, *traffic);
}

/// Step and traffic of the decode unit. @pre they were measured before
void forecast_decode(const RunningEngine& engine, const Plan& plan, const Classification& classes,
                     PlanEffect& effect, Progress& progress) {
  const LoadSet* loads = decode_loads(engine);
  const double tokens = step_tokens(engine);
  if (loads == nullptr || loads->windows.empty() || tokens <= 0)
    throw Error("", "", "no decode steps with loads were recorded yet");
  const auto model = guess_model(loads->experts, plan.layers());
  if (!model)
    throw Error("", "",
                fmt::format("no known model has {} experts and {} MoE layers", loads->experts,
                            plan.layers()));
  const Hardware rank = fitted_hardware(engine, classes, *model, effect, progress);
  const ServingUnit unit = unit_of(engine, plan, tokens);
  LoadSet recent = layers_of_plan(*loads, plan);
  const auto last = recent.windows.size();
  const auto first = last - std::min(last, static_cast<std::size_t>(engine.load_windows));
  recent.windows.erase(recent.windows.begin(), recent.windows.begin() + static_cast<long>(first));
  const auto now = predict(rank, *model, unit, engine.plan, recent, {}, progress);
  const auto next = predict(rank, *model, unit, plan, recent, {}, progress);

  const double wanted = 2.0 * plan.num_gpus * std::max(1, engine.workers);  // prefill and decode
  const double crowding = engine.cores > 0 ? std::max(1.0, wanted / engine.cores) : 1;
  if (crowding > 1)
    effect.notes.push_back(
        fmt::format("{:.0f} workers share {} cores: a step takes as long as all the work, so that "
                    "balance hardly shortens it here",
                    wanted, engine.cores));
  std::vector<double> steps, between, inside;
  const auto parts = parts_of(engine.range);
  for (const TimeRange& part : parts)
    if (const auto mean = mean_decode_step(engine.steps, part)) steps.push_back(*mean);
  for (const auto& t : decode_traffic(*engine.trace, classes, engine.steps, parts, progress))
    if (t) between.push_back(t->between_nodes), inside.push_back(t->inside_nodes);
  const double count = std::max(
      1.0, static_cast<double>(
               std::count_if(engine.steps.begin(), engine.steps.end(), [&](const ServedStep& s) {
                 return s.decode && s.begin >= engine.range.begin && s.begin < engine.range.end;
               })));
  const double relative =
      (next.batch_noise_ns / std::sqrt(count) + next.drift_ns.value_or(0)) / next.step_ns;
  scale(effect.decode_step, step_ratio(now, next, crowding, unit.micro_batches), relative, steps);
  const auto sum = sum_windows(recent, 0, static_cast<int>(recent.windows.size()));
  const double was = rank_visits(engine.plan, sum, *model), will = rank_visits(plan, sum, *model);
  if (!(was > 0)) return;
  scale(effect.node_traffic, will / was, kGateError * will / was, between);
  scale(effect.rank_traffic, will / was, kGateError * will / was, inside);
}

}  // namespace

PlanEffect forecast_plan(const RunningEngine& engine, const Plan& plan, Progress& progress) {
  PlanEffect effect;
  predict_imbalance(engine, plan, effect);
  const Classification classes(*engine.trace, engine.rules, progress);
  measure_before(engine, classes, effect, progress);
  try {
    forecast_decode(engine, plan, classes, effect, progress);
  } catch (const Error& error) {
    effect.notes.push_back(fmt::format("step and traffic: not predicted: {}", error.what()));
  }
  return effect;
}

}  // namespace moescope
