#include "core/simulate/what_if/what_if.h"

#include <fmt/format.h>

#include <cmath>

#include "core/loads/judged_windows.h"
#include "core/placement/validate.h"
#include "core/simulate/model/hardware.h"
#include "core/simulate/simulate.h"
#include "core/simulate/step/step_model.h"
#include "core/trace/file/moetrace_writer.h"

namespace moescope {
namespace {

constexpr int kBatches = 4;  ///< drawn, as many as for a value of a sweep: an answer in no time

/// The open plan is of this model's experts, the shared one routed or not.
bool is_of(const Plan& plan, const ModelShape& model) {
  return plan.num_experts == model.experts ||
         (plan.num_experts == model.experts + 1 && model.shared_experts > 0);
}

bool has_machine(const Plan& plan, const ServingUnit& unit) {
  return plan.num_gpus == unit.gpus && plan.num_nodes == unit.nodes &&
         plan.slot_count() == unit.slot_count;
}

ServingUnit unit_for(const WhatIf& settings, const WhatIfFiles& files, const ModelShape& model) {
  auto unit = load_unit(settings.unit);
  if (settings.given_plan && files.plan && is_of(*files.plan, model)) {
    unit = unit_on(unit, *files.plan);
    unit.shared_routed = files.plan->num_experts == model.experts + 1;
  }
  return unit_with_settings(std::move(unit), model, settings);
}

std::shared_ptr<const LoadSet> loads_for(const WhatIfFiles& files, const ModelShape& model,
                                         const Plan* plan, UnitPlans& plans, WhatIfCase& out) {
  if (files.loads && files.loads->experts == model.experts) {
    out.given_loads = true;
    if (plan == nullptr) return files.loads;
    return std::make_shared<const LoadSet>(layers_of_plan(*files.loads, *plan));
  }
  if (files.loads)
    out.notes.push_back(
        fmt::format("the open loads have {} experts, {} has {}: even loads stand in",
                    files.loads->experts, model.name, model.experts));
  else
    out.notes.emplace_back("no loads are open: all experts have equal loads");
  return plans.even(model, plan != nullptr ? plan->layers() : 0);
}

/// The open plan where it fits the unit; null, with a note of the reason, where it does not.
const Plan* fitting_plan(const WhatIf& settings, const WhatIfFiles& files, WhatIfCase& out) {
  if (!settings.given_plan || !files.plan) return nullptr;
  const auto& plan = *files.plan;
  if (!is_of(plan, out.model)) {
    out.notes.push_back(fmt::format("the open plan has {} experts, {} has {}: a plan was made",
                                    plan.num_experts, out.model.name, out.model.experts));
    return nullptr;
  }
  if (!has_machine(plan, out.unit)) {
    out.notes.push_back(
        fmt::format("the open plan is of {} GPUs and {} slots: one was made for {} and {}",
                    plan.num_gpus, plan.slot_count(), out.unit.gpus, out.unit.slot_count));
    return nullptr;
  }
  throw_on_errors(validate_plan(plan), "the open plan");
  return &plan;
}

/// From none, where the library has transfers that hold no SMs while they are in flight.
std::vector<double> usual_sms(CommLibrary library) {
  constexpr int kMost = 48, kStep = 4;
  std::vector<double> values;
  for (int sms = library == CommLibrary::DeepepLowLatency ? 0 : kStep; sms <= kMost; sms += kStep)
    values.push_back(sms);
  return values;
}

}  // namespace

ServingUnit unit_with_settings(ServingUnit unit, const ModelShape& model, const WhatIf& settings) {
  if (settings.tokens_per_gpu)
    unit = unit_with(unit, model, SweepOver::Batch, *settings.tokens_per_gpu);
  if (settings.comm_sms) unit = unit_with(unit, model, SweepOver::CommSms, *settings.comm_sms);
  if (settings.gpus && *settings.gpus != unit.gpus)
    unit = unit_with(unit, model, SweepOver::Gpus, *settings.gpus);
  if (settings.redundant) unit = unit_with(unit, model, SweepOver::Redundant, *settings.redundant);
  if (settings.library) unit.library = *settings.library;
  if (unit.slot_count < model.experts + (unit.shared_routed ? 1 : 0))
    throw Error("", "redundant experts",
                fmt::format("{} slots are fewer than the {} experts of {}", unit.slot_count,
                            model.experts + (unit.shared_routed ? 1 : 0), model.name),
                "Choose more redundant experts or another unit");
  return unit;
}

ServingUnit unit_of(const WhatIf& settings, const WhatIfFiles& files) {
  return unit_for(settings, files, load_model_shape(settings.model));
}

WhatIfCase make_case(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans,
                     Progress& progress) {
  WhatIfCase out;
  out.hardware = load_hardware(settings.hardware);
  out.model = load_model_shape(settings.model);
  out.unit = unit_for(settings, files, out.model);
  const Plan* given = fitting_plan(settings, files, out);
  out.given_plan = given != nullptr;
  out.loads = loads_for(files, out.model, given, plans, out);
  auto plan = given != nullptr ? *given : *plans.plan(out.unit, out.model, out.loads, progress);
  out.rule = settings.rule.value_or(usual_rule(out.loads->engine, plan));
  out.plan = ruled_plan(std::move(plan), out.rule, *out.loads, out.model);
  out.unit = unit_on(out.unit, out.plan);
  out.options.first_window = files.first_window;
  out.options.batches = kBatches;
  if (given == nullptr)
    out.options.made_from = windows_to_plan_from(*out.loads);
  else if (out.given_loads)
    out.options.made_from = files.made_from;
  return out;
}

std::string case_text(const WhatIfCase& answered) {
  const auto& u = answered.unit;
  return fmt::format("{} of {} on {} GPUs ({}), {} slots, {:.6g} tokens per GPU, {} on {} SMs",
                     to_string(u.phase), answered.model.name, u.gpus, answered.hardware.name,
                     u.slot_count, u.tokens_per_gpu, to_string(u.library), u.comm_sms);
}

CausedPrediction predict_case(const WhatIfCase& asked, Progress& progress) {
  return predict_by_cause(asked.hardware, asked.model, asked.unit, asked.plan, *asked.loads,
                          asked.options, progress);
}

Sweep sweep_case(const WhatIf& settings, const WhatIfFiles& files, UnitPlans& plans, SweepOver over,
                 std::vector<double> values, Progress& progress) {
  const auto base = make_case(settings, files, plans, progress);
  SweepInput input;
  input.hardware = base.hardware;
  input.model = base.model;
  input.unit = base.unit;
  input.loads = *base.loads;
  input.plan_for = [&](const ServingUnit& unit) {
    if (has_machine(base.plan, unit)) return base.plan;
    return ruled_plan(*plans.plan(unit, base.model, base.loads, progress), base.rule, *base.loads,
                      base.model);
  };
  if (over == SweepOver::CommSms && values.empty()) values = usual_sms(base.unit.library);
  return sweep_unit(input, over, std::move(values), progress);
}

TimeNs write_case_trace(const WhatIfCase& simulated, const std::string& path, Progress& progress) {
  Scenario scenario{simulated.hardware, simulated.model, simulated.unit, simulated.plan};
  scenario.unit.shared_routed = simulated.plan.num_experts == simulated.model.experts + 1;
  const auto judged = judged_windows(static_cast<int>(simulated.loads->windows.size()),
                                     simulated.options.made_from);
  const bool all = judged.last - judged.first == static_cast<int>(simulated.loads->windows.size());
  const StepModel model(scenario, sum_windows(*simulated.loads, judged.first, judged.last),
                        all ? &simulated.loads->routes : nullptr);
  MoetraceWriter writer(path);
  const auto steps = simulate_steps(scenario, model, 1, simulated.options.seed, &writer, progress);
  writer.finish(progress);
  return steps.step_ns.front();
}

}  // namespace moescope
