// moescope simulate: predicts steps of a serving unit and writes them as a trace.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/plan/predict_options.h"
#include "app/commands/plan/simulate_commands.h"
#include "app/commands/plan/unit_options.h"
#include "app/commands/window_range.h"
#include "core/analysis/steps/step_causes.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/files.h"
#include "core/import/open.h"
#include "core/placement/validate.h"
#include "core/simulate/predict.h"
#include "core/simulate/refit.h"
#include "core/simulate/simulate.h"
#include "core/simulate/what_if/predict_by_cause.h"
#include "core/simulate/what_if/unit_plans.h"

namespace moescope {
namespace {

struct SimulateCommand {
  UnitChoice choice;
  std::string output, refit, made_from;
  int steps = 2;
  std::uint64_t seed = 1;
  bool json = false;
};

Json refit_json(const std::vector<RefitConstant>& constants) {
  Json list = Json::array();
  for (const auto& c : constants)
    list.push_back({{"constant", c.name},
                    {"value", nullable(c.value)},
                    {"spans", c.samples},
                    {"residual", c.value ? Json(c.residual) : Json()},
                    {"how", c.how}});
  return list;
}

Json refit_errors_json(const std::vector<RefitError>& errors) {
  Json list = Json::array();
  for (const auto& e : errors)
    list.push_back({{"stage", e.stage}, {"error", nullable(e.error)}, {"steps", e.steps}});
  return list;
}

/// The hardware with constants fitted to a recording.
Refit refit(const Hardware& hardware, const ModelShape& model, const std::string& file) {
  const auto trace = open_trace({file}, {}, command_progress());
  auto fitted = refit_hardware(*trace, Classification(*trace, RuleSet::built_in()), hardware, model,
                               command_progress());
  for (const auto& c : fitted.constants)
    fmt::print(stderr, "{}: {}, {}\n", c.name,
               c.value ? fmt::format("{:.4g} from {} spans (error {:.0f} %)", *c.value, c.samples,
                                     c.residual * 100)
                       : "not fitted",
               c.how);
  for (const auto& e : fitted.errors)
    fmt::print(stderr, "{}: {} steps left out in turn, {}\n", e.stage, e.steps,
               e.error ? fmt::format("error {:.1f} %", *e.error * 100)
                       : "too few to say how far it is off");
  return fitted;
}

/// Floors are in no recording, and what recordings do not tell is in no prediction.
constexpr std::array kPredictedCauses = {StepCause::Attention, StepCause::Experts,
                                         StepCause::Waiting,   StepCause::Dispatch,
                                         StepCause::Combine,   StepCause::Floors};

Json causes_json(const StepCauses& causes) {
  Json times;
  for (const auto cause : kPredictedCauses)
    times[fmt::format("{}_ns", words_of(cause).key)] =
        static_cast<std::int64_t>(std::llround(causes[cause]));
  return times;
}

void print_causes(const StepCauses& causes) {
  fmt::print("  by cause, mean over the GPUs:\n");
  for (const auto cause : kPredictedCauses)
    fmt::print("    {:<24}{:>10} {:5.1f} %\n", words_of(cause).name, duration_text(causes[cause]),
               100 * causes[cause] / causes.step_ns());
}

Json devices_json(const SimulatedSteps& steps) {
  Json devices = Json::array();
  for (std::size_t rank = 0; rank < steps.devices.size(); ++rank) {
    Json device = {{"rank", rank}};
    device.update(figures_json(steps.devices[rank]));
    devices.push_back(std::move(device));
  }
  return devices;
}

void run(const SimulateCommand& command) {
  Scenario s;
  const auto& choice = command.choice;
  const auto& names = choice.settings;
  s.hardware = load_hardware(names.hardware);
  s.model = load_model_shape(names.model);
  std::vector<RefitConstant> constants;
  std::vector<RefitError> errors;
  if (!command.refit.empty()) {
    auto fitted = refit(s.hardware, s.model, command.refit);
    s.hardware = std::move(fitted.hardware);
    constants = std::move(fitted.constants);
    errors = std::move(fitted.errors);
  }
  if (!command.output.empty())
    refuse_to_overwrite(command.output, {choice.loads, choice.plan, command.refit, names.unit,
                                         names.model, names.hardware});
  s.unit = chosen_unit(choice, s.model);
  const auto loads = chosen_loads(choice, s.model);
  PredictOptions options;
  options.seed = command.seed;
  options.made_from = window_range(command.made_from, loads, "--made-from");
  if (choice.plan.empty()) {
    if (!options.made_from) options.made_from = windows_to_plan_from(loads);
    s.plan = plan_for(s.unit, s.model, loads, *options.made_from, command_progress());
  } else {
    s.plan = load_plan(choice.plan);
  }
  throw_on_errors(validate_plan(s.plan), choice.plan.empty() ? "the solved plan" : choice.plan);
  const auto rule = chosen_rule(choice.rule, loads, s.plan);
  s.plan = under_unit_rule(s.plan, rule, loads, s.model);
  s.unit = unit_on(s.unit, s.plan);
  s.unit.shared_routed = s.plan.num_experts == s.model.experts + 1;
  auto [prediction, causes] =
      predict_by_cause(s.hardware, s.model, s.unit, s.plan, loads, options, command_progress());
  prediction.notes.insert(prediction.notes.begin(),
                          choice.loads.empty() ? "no loads were given: all experts have equal loads"
                                               : "loads of " + loads.source);
  const bool knows_sources = !sources_of_plan(loads, s.plan).empty();
  const StepModel model(s, sum_windows(loads, prediction.first_window, prediction.last_window),
                        prediction.from_routes ? &loads.routes : nullptr);
  std::optional<MoetraceWriter> writer;
  // Written at the end at once: commits by the clock would order the bytes by how busy the machine
  // is.
  if (!command.output.empty()) writer.emplace(command.output, std::chrono::hours(24));
  const auto steps = simulate_steps(s, model, command.steps, command.seed,
                                    writer ? &*writer : nullptr, command_progress());
  if (writer) writer->finish(command_progress());
  if (!command.json) {
    fmt::print("replicas by {}\n", rule_text(rule, knows_sources));
    print_prediction(stdout, prediction);
    print_causes(causes);
    for (std::size_t i = 0; i < steps.step_ns.size(); ++i)
      fmt::print("simulated step {}: {:.3f} ms\n", i, static_cast<double>(steps.step_ns[i]) / 1e6);
    return;
  }
  Json document = {{"schema", 1},
                   {"simulated", true},
                   {"hardware", s.hardware.name},
                   {"model", s.model.name},
                   {"unit", s.unit.name},
                   {"phase", to_string(s.unit.phase)},
                   {"library", to_string(s.unit.library)},
                   {"comm_sms", s.unit.comm_sms},
                   {"seed", command.seed},
                   {"output", command.output.empty() ? Json() : Json(command.output)},
                   {"refit", command.refit.empty() ? Json() : refit_json(constants)},
                   {"steps_ns", steps.step_ns},
                   {"prediction", prediction_json(prediction)},
                   {"causes", causes_json(causes)},
                   {"devices", devices_json(steps)}};
  add_rule(document, rule, knows_sources);
  if (!command.refit.empty()) document["refit_errors"] = refit_errors_json(errors);
  print_json(document);
}

}  // namespace

void register_simulate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "simulate", "Predict steps of a serving unit by cause, and write them as a trace");
  auto c = std::make_shared<SimulateCommand>();
  add_unit_options(*command, c->choice);
  add_setting_options(*command, c->choice);
  command->add_option("--made-from", c->made_from,
                      "Windows A:B that the plan was made from; the others judge it");
  command->add_option("--refit", c->refit,
                      "Recording to refit link bandwidths, overheads and GEMM efficiency from");
  command->add_option("--steps", c->steps, "Steps to simulate (2)")->check(CLI::Range(1, 10000));
  command->add_option("--seed", c->seed, "Seed of the drawn batches (1)");
  command->add_option("-o,--output", c->output, "Trace to write (.moetrace)");
  command->add_flag("--json", c->json, "Print one JSON document");
  register_simulate_cost(*command);
  register_simulate_fit(*command);
  register_simulate_sweep(*command);
  command->require_subcommand(0, 1);
  for (auto* part : command->get_subcommands({})) add_common_options(*part);
  command->callback([c, command] {
    if (!command->get_subcommands().empty()) return;  // its own callback ran
    require_unit(c->choice);
    run(*c);
  });
}

}  // namespace moescope
