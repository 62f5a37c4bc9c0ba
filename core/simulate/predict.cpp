#include "core/simulate/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/analysis/overlap/device_work.h"
#include "core/simulate/step/step_figures.h"
#include "core/simulate/step/step_model.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr double kNoGain = 0.01;      ///< share of the experts' time that is not worth moving for
constexpr double kImbalanced = 1.02;  ///< below there is nothing to balance

struct Noise {
  double mean = 0, deviation = 0;
};

/// Mean and deviation of the step over drawn batches; adds the layers' mean times.
Noise draw_steps(const StepModel& model, const Scenario& s, const PredictOptions& options,
                 Prediction& out, Progress& progress) {
  Random random(options.seed);
  const int batches = std::max(1, options.batches);
  std::vector<double> steps;
  const auto dense = static_cast<Index>(s.model.dense_layers);
  for (int b = 0; b < batches; ++b) {
    progress.report(static_cast<double>(b) / batches, "predicting steps");
    std::vector<SlotTokens> drawn;
    for (int mb = 0; mb < s.unit.micro_batches; ++mb) drawn.push_back(model.draw(random));
    const auto stages = model.stages(drawn);
    std::vector<TimeNs> ends;
    StageVisitor visit;
    if (options.visit) visit = [&](const StageSpan& span) { options.visit(b, span); };
    steps.push_back(static_cast<double>(
        run_step(stages, model.dead(), s.unit.experts_beside_attention(), 0, visit, &ends)));
    for (Index l = 0; l < out.layers.size(); ++l) {
      auto& layer = out.layers[l];
      const auto at = l + dense;
      layer.layer_ns += static_cast<double>(ends[at] - (at > 0 ? ends[at - 1] : 0)) / batches;
      for (const auto& mb : stages[at]) {
        const double parts = static_cast<double>(batches) * s.unit.micro_batches;
        const double most =
            static_cast<double>(*std::max_element(mb.experts.begin(), mb.experts.end()));
        layer.expert_ns += most / parts;
        layer.expert_mean_ns +=
            static_cast<double>(std::accumulate(mb.experts.begin(), mb.experts.end(), TimeNs{0})) /
            s.plan.live_gpus() / parts;
      }
    }
  }
  Noise noise;
  for (const double t : steps) noise.mean += t / batches;
  for (const double t : steps) noise.deviation += (t - noise.mean) * (t - noise.mean) / batches;
  noise.deviation = std::sqrt(noise.deviation);
  return noise;
}

/// The step if every batch had the expected tokens.
double expected_step(const StepModel& model, const Scenario& s, const StageVisitor& visit) {
  const std::vector<SlotTokens> batches(static_cast<Index>(s.unit.micro_batches), model.expected());
  return static_cast<double>(
      run_step(model.stages(batches), model.dead(), s.unit.experts_beside_attention(), 0, visit));
}

/// Fitted time of the experts, s, if every GPU had the mean tokens, spread over as many slots as
/// the GPU with most used ones has: weights cannot be spread.
double even_experts(const StepModel& model, const Scenario& s, const std::vector<double>& tokens) {
  std::vector<int> used(static_cast<Index>(s.plan.num_gpus), 0);
  double all = 0;
  for (Index slot = 0; slot < tokens.size(); ++slot) {
    if (!(tokens[slot] > 0)) continue;
    ++used[static_cast<Index>(s.plan.gpu_of(static_cast<int>(slot)))];
    all += tokens[slot];
  }
  const auto slots = static_cast<Index>(*std::max_element(used.begin(), used.end()));
  if (slots == 0) return 0;
  const double each = all / s.plan.live_gpus() / static_cast<double>(slots);
  return model.kernels()->experts(std::vector<double>(slots, each), slots).front().total;
}

LayerPrediction describe_layer(const StepModel& model, const Scenario& s, Index l) {
  LayerPrediction out;
  out.dispatch_ns = model.dispatch(l).seconds * 1e9;
  out.combine_ns = model.combine(l).seconds * 1e9;
  out.ib_bytes = model.dispatch(l).ib_bytes + model.combine(l).ib_bytes;
  out.nvlink_bytes = model.dispatch(l).nvlink_bytes + model.combine(l).nvlink_bytes;
  out.remote_nodes_per_token = model.traffic(l).remote_nodes_per_token;
  const auto& tokens = model.expected()[l];
  const auto times = model.expert_times(tokens);
  double compute = 0, longest = 0, weights = 0, overhead = 0;
  std::vector<double> load(times.size(), 0.0);
  for (Index slot = 0; slot < tokens.size(); ++slot)
    load[static_cast<Index>(s.plan.gpu_of(static_cast<int>(slot)))] += tokens[slot];
  for (Index g = 0; g < times.size(); ++g) {
    out.gpu_expert_ns.push_back(times[g].total * 1e9);
    compute += times[g].compute / s.plan.live_gpus();
    weights = std::max(weights, times[g].weights);
    overhead = std::max(overhead, times[g].overhead);
    out.memory_bound_gpus += times[g].memory_bound() ? 1 : 0;
    if (times[g].total > longest) {
      longest = times[g].total;
      out.critical_gpu = static_cast<int>(g);
      out.memory_bound = times[g].memory_bound();
    }
  }
  out.expert_floor_ns = overhead * 1e9;
  out.imbalance = imbalance_of(load, s.plan.live_gpus());
  const double even =
      model.kernels() ? even_experts(model, s, tokens) : std::max(compute, weights) + overhead;
  out.even_expert_ns = std::min(longest, even) * 1e9;
  return out;
}

/// Relative errors of the stages: of fitted kernels, of what was refitted to a recording, else
/// kModelError.
UnitKernels::Errors stage_errors(const StepModel& model, const Scenario& s) {
  if (model.kernels()) return model.kernels()->errors();
  const double usual = s.plan.num_gpus < kManyGpus ? kModelError : kModelErrorOfMany;
  return {usual, s.hardware.experts_error.value_or(usual),
          s.hardware.transfer_error.value_or(usual)};
}

/// Relative error of a step by the cost model: those of its stages in proportion to their times,
/// all in one direction.
double model_error(const StepModel& model, const Prediction& out, const Scenario& s) {
  const auto error = stage_errors(model, s);
  const auto layers = static_cast<double>(out.layers.size());
  const double attention = layers * (out.attention_ns + out.gate_ns + out.shared_ns);
  double experts = 0, transfer = 0;
  for (const auto& l : out.layers) {
    experts += l.expert_ns;
    transfer += l.dispatch_ns + l.combine_ns;
  }
  return (error.attention * attention + error.experts * experts + error.transfer * transfer) /
         (attention + experts + transfer);
}

/// What even tokens could gain: the experts' part of the critical path, layer by layer.
void judge_limits(Prediction& out, int micro_batches) {
  double now = 0, even = 0;
  bool uneven = false;
  for (const auto& l : out.layers) {
    const double longest = *std::max_element(l.gpu_expert_ns.begin(), l.gpu_expert_ns.end());
    now += longest;
    even += l.even_expert_ns;
    uneven = uneven || l.imbalance > kImbalanced;
  }
  out.even_gain_ns = (now - even) * micro_batches;
  out.weights_dominate = uneven && now - even < kNoGain * now;
}

void judge_previous(Prediction& out, const Scenario& s, const LayerLoads& loads,
                    const Routes* routes, const PredictOptions& options, Progress& progress) {
  if (options.previous == nullptr) return;
  Scenario before = s;
  before.plan = *options.previous;
  before.unit = unit_on(s.unit, before.plan);
  const StepModel model(before, loads, routes);
  Prediction ignored;
  ignored.layers.resize(before.plan.physical_to_logical.size());
  auto unseen = options;
  unseen.visit = {};
  out.previous_ns = draw_steps(model, before, unseen, ignored, progress).mean;
  out.gain_below_noise = std::abs(*out.previous_ns - out.step_ns) < out.noise_ns();
  out.move = move_cost(*options.previous, s.plan, s.hardware, s.model);
}

std::string judged_text(const Prediction& out, int windows, int number) {
  if (windows < 2)
    return std::string("judged on the only window of the loads") +
           (out.held_out       ? ", which the plan was not made from"
            : out.origin_known ? ", which the plan was made from"
                               : "") +
           ": how it holds when they drift is unknown";
  const int first = number + out.first_window, last = number + out.last_window - 1;
  const auto judged = first == last ? fmt::format("judged on window {}", first)
                                    : fmt::format("judged on windows {} to {}", first, last);
  if (out.held_out) return judged + ", which the plan was not made from";
  if (out.origin_known) return judged + ", which the plan was made from: there are no others";
  return judged + "; whether the plan was made from them is unknown";
}

void say_what_was_judged(Prediction& out, const LoadSet& loads, const PredictOptions& options) {
  out.notes.push_back(
      judged_text(out, static_cast<int>(loads.windows.size()), options.first_window));
  out.notes.push_back(
      out.from_routes
          ? "GPUs and nodes that tokens visit: counted from the routes of the loads"
          : "GPUs and nodes that tokens visit: estimated from the gate's groups and the loads");
  out.notes.push_back("embedding, head and sampling are not counted");
  if (!out.drift_ns) out.notes.push_back("the error bar has no drift: there is one window only");
  if (out.weights_dominate)
    out.notes.push_back(
        "balancing tokens cannot help: reading the experts' weights takes as long as computing");
  if (!out.memory.fits())
    out.notes.push_back(fmt::format("a GPU needs {:.1f} GB and has {:.1f} GB",
                                    out.memory.total() / 1e9, out.memory.room / 1e9));
}

}  // namespace

ServingUnit unit_on(const ServingUnit& unit, const Plan& plan) {
  auto u = unit;
  if (u.gpus != plan.num_gpus) {
    u.name = fmt::format("{} on {} GPUs, per GPU as {}", to_string(unit.phase), plan.num_gpus,
                         unit.name);
    u.title = u.name;
  }
  u.gpus = plan.num_gpus;
  u.nodes = plan.num_nodes;
  u.slot_count = plan.slot_count();
  u.attention_tp = std::gcd(u.attention_tp, plan.gpus_per_node());
  u.shared_gpus = std::min(u.shared_gpus, u.gpus);
  return u;
}

Prediction predict(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit,
                   const Plan& plan, const LoadSet& loads, const PredictOptions& options,
                   Progress& progress) {
  Scenario s{hardware, model, unit_on(unit, plan), plan};
  s.unit.shared_routed = plan.num_experts == model.experts + 1;
  const auto judged = judged_windows(static_cast<int>(loads.windows.size()), options.made_from);
  const auto sums = sum_windows(loads, judged.first, judged.last);
  const Routes* routes = judged.last - judged.first == static_cast<int>(loads.windows.size())
                             ? &loads.routes
                             : nullptr;  // routes are not kept by window
  const StepModel steps(s, sums, routes);
  Prediction out;
  out.first_window = judged.first;
  out.last_window = judged.last;
  out.held_out = judged.held_out;
  out.origin_known = options.made_from.has_value();
  out.from_routes = steps.from_routes();
  const auto& common = steps.common();
  out.attention_ns = common.attention * 1e9;
  out.attention_comm_ns = 2 * common.attention_comm * 1e9;
  out.gate_ns = common.gate * 1e9;
  out.shared_ns = common.shared * 1e9;
  out.dense_ns = common.dense * 1e9;
  out.attention_floor_ns = common.attention_floor * 1e9;
  out.gate_floor_ns = common.gate_floor * 1e9;
  out.shared_floor_ns = common.shared_floor * 1e9;
  out.dense_floor_ns = common.dense_floor * 1e9;
  for (Index l = 0; l < sums.size(); ++l) out.layers.push_back(describe_layer(steps, s, l));
  const auto noise = draw_steps(steps, s, options, out, progress);
  out.step_ns = noise.mean;
  out.batch_noise_ns = noise.deviation;
  out.model_error_ns = noise.mean * model_error(steps, out, s);
  StepFigures figures(plan.num_gpus);
  expected_step(steps, s, [&](const StageSpan& span) { figures.add(span); });
  out.overlap = figures.total();
  if (loads.windows.size() > 1) {
    const int last = static_cast<int>(loads.windows.size());
    const StepModel now(s, sum_windows(loads, last - 1, last), nullptr);
    const StepModel before(s, sum_windows(loads, last - 2, last - 1), nullptr);
    out.drift_ns = std::abs(expected_step(now, s, {}) - expected_step(before, s, {}));
  }
  out.tokens_per_second =
      s.unit.tokens_per_gpu * plan.live_gpus() * s.unit.micro_batches / (out.step_ns * 1e-9);
  out.memory = memory_use(hardware, model, s.unit, plan);
  judge_limits(out, s.unit.micro_batches);
  judge_previous(out, s, sums, routes, options, progress);
  out.notes = steps.notes();
  say_what_was_judged(out, loads, options);
  return out;
}

}  // namespace moescope
