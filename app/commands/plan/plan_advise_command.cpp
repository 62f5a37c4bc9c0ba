// moescope plan advise: whether to change the plan in force.
#include <fmt/format.h>

#include <cmath>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/plan/predict_options.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/advise/advise.h"
#include "core/advise/advised_command.h"
#include "core/error.h"
#include "core/loads/placement_of_loads.h"
#include "core/simulate/defaults.h"

namespace moescope {
namespace {

struct AdviseCommand {
  std::string loads, loads_unit, plan;
  std::optional<int> gpus, nodes;
  std::optional<double> period_minutes, horizon_minutes;
  std::shared_ptr<PredictChoice> predict = std::make_shared<PredictChoice>();
  RuleChoice rule;
  AdviseOptions options;
  bool json = false;
};

/// The plan in force: as named, else that of the recording, else experts in order.
void take_plan(const AdviseCommand& command, const LoadSet& loads, Deployment& deployment) {
  if (!command.plan.empty()) {
    deployment.plan = load_plan(command.plan);
    deployment.plan_origin = command.plan;
    return;
  }
  if (!loads.num_gpus && !command.gpus)
    throw Error(command.loads, "", "does not say which plan is in force, nor on how many GPUs",
                "Give the plan, or the number of GPUs", "--plan, --gpus");
  const auto view =
      placement_of_loads(loads, nullptr, {command.gpus.value_or(0), command.nodes.value_or(0), 0});
  deployment.plan = view.plan;
  deployment.plan_origin = describe(view);
}

Deployment deployment_of(const AdviseCommand& command, const LoadSet& loads) {
  Deployment out;
  take_plan(command, loads, out);
  out.hardware = load_hardware(command.predict->hardware);
  auto model = chosen_model(*command.predict, loads.experts, out.plan.layers());
  if (!model)
    throw Error(command.loads, "",
                fmt::format("no known model has {} experts and {} MoE layers, and without one no "
                            "step can be predicted",
                            loads.experts, out.plan.layers()),
                "Name the model", "--model");
  out.model = std::move(*model);
  out.unit = load_unit(command.predict->unit.empty()
                           ? guess_unit_name(out.plan, loads.unit, out.model.name)
                           : command.predict->unit);
  out.unit.comm_sms = command.predict->comm_sms.value_or(out.unit.comm_sms);
  out.rule = chosen_rule(command.rule, loads, out.plan);
  out.engine = command.rule.engine.empty() ? rule_facts(out.rule).engine : command.rule.engine;
  return out;
}

AdvisedFiles files_of(const AdviseCommand& command) {
  return {command.loads, command.plan};
}

Json action_json(const AdviseCommand& command, const Deployment& d, const AdvisedAction& action) {
  return {{"action", to_string(action.kind)},
          {"gain_pct", 100 * action.gain},
          {"gain_error_pct", 100 * action.gain_error},
          {"bytes_moved", std::llround(action.bytes_moved)},
          {"stall_ms", 1000 * action.stall_s},
          {"every_s", action.every_s},
          {"kv_tokens_lost", std::llround(action.kv_tokens_lost)},
          {"net_pct", 100 * action.net},
          {"imbalance", action.imbalance},
          {"rule", rule_name(action.rule)},
          {"command", command_of(files_of(command), d, command.options, action)}};
}

Json advice_json(const AdviseCommand& command, const Deployment& d, const Advice& advice,
                 bool knows_sources) {
  Json json = {{"schema", 1},
               {"verdict", to_string(advice.verdict)},
               {"reason", advice.reason},
               {"missing", advice.missing},
               {"notes", advice.notes}};
  add_rule(json, d.rule, knows_sources);
  json.update(
      Json{{"imbalance", advice.today.imbalance},
           {"knee", advice.response.knee},
           {"slope", advice.response.slope},
           {"knee_fit_r2", advice.response.r2},
           {"step_ns", std::llround(advice.today.step_ns)},
           {"even_gain_pct", 100 * advice.today.even_gain},
           {"persistence", nullable(advice.evidence.persistence)},
           {"best", advice.best ? Json(to_string(advice.actions[*advice.best].kind)) : Json()},
           {"deployment",
            {{"plan", d.plan_origin},
             {"hardware", d.hardware.name},
             {"model", d.model.name},
             {"unit", unit_on(d.unit, d.plan).name},
             {"engine", d.engine.empty() ? Json() : Json(d.engine)}}},
           {"actions", Json::array()}});
  for (const auto& action : advice.actions)
    json["actions"].push_back(action_json(command, d, action));
  return json;
}

void print_advice(const AdviseCommand& command, const Deployment& d, const Advice& advice,
                  bool knows_sources) {
  fmt::print("{}: {}\n", verdict_words(advice.verdict), advice.reason);
  for (const auto& missing : advice.missing) fmt::print("  missing: {}\n", missing);
  for (const auto& note : advice.notes) fmt::print("  note: {}\n", note);
  fmt::print("\nrule       {}\n", rule_text(d.rule, knows_sources));
  fmt::print("plan       {}\n", d.plan_origin);
  fmt::print("step       {:.2f} ms predicted for {} on {}, {}\n", advice.today.step_ns * 1e-6,
             d.model.title, d.hardware.title, unit_on(d.unit, d.plan).name);
  fmt::print("imbalance  {:.3f}; felt from {:.3f} on, then {:.1f} % of the step per 0.1\n\n",
             advice.today.imbalance, advice.response.knee, 10 * advice.response.slope);
  fmt::print("{:<18} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10} {:>10}\n", "action", "gain %", "error",
             "net %", "imbalance", "moved GB", "stall ms", "KV lost");
  for (const auto& a : advice.actions)
    fmt::print("{:<18} {:>+8.2f} {:>8.2f} {:>+8.2f} {:>10.3f} {:>10.2f} {:>10.0f} {:>10.0f}\n",
               to_string(a.kind), 100 * a.gain, 100 * a.gain_error, 100 * a.net, a.imbalance,
               a.bytes_moved * 1e-9, 1000 * a.stall_s, a.kv_tokens_lost);
  if (advice.best)
    fmt::print("\nbest: {}\n",
               command_of(files_of(command), d, command.options, advice.actions[*advice.best]));
}

void run(AdviseCommand& command) {
  const auto loads = read_loads_for_plan(command.loads, command.loads_unit);
  const Deployment deployment = deployment_of(command, loads);
  if (command.period_minutes) command.options.period_s = 60 * *command.period_minutes;
  if (command.horizon_minutes) command.options.horizon_s = 60 * *command.horizon_minutes;
  const LoadSet of_plan = layers_of_plan(loads, deployment.plan);
  const Advice advice = advise(deployment, of_plan, command.options, command_progress());
  const bool knows_sources = !sources_of_plan(of_plan, deployment.plan).empty();
  if (command.json)
    print_json(advice_json(command, deployment, advice, knows_sources));
  else
    print_advice(command, deployment, advice, knows_sources);
}

}  // namespace

void register_plan_advise(CLI::App& plan) {
  auto* command = plan.add_subcommand(
      "advise", "Whether to change the plan: gain, price and error of each change, and a verdict");
  auto c = std::make_shared<AdviseCommand>();
  const auto positive = CLI::Range(1e-3, 1e6);
  command->add_option("--loads", c->loads, "Load dump or recording, of several windows")
      ->required();
  add_unit_option(*command, c->loads_unit, "--loads-unit");
  command->add_option("--plan", c->plan,
                      "Plan in force (that of the recording, else experts in order)");
  command->add_option("--gpus", c->gpus, "GPUs, where neither plan nor loads have them")
      ->check(CLI::Range(1, kMaxPlanGpus));
  command->add_option("--nodes", c->nodes, "Nodes, the same")->check(CLI::Range(1, kMaxPlanGpus));
  add_predict_options(*command, c->predict);
  command->remove_option(command->get_option("--made-from"));
  add_rule_options(*command, c->rule);
  command
      ->add_option("--every", c->period_minutes,
                   "Minutes between two changes of periodic balancing (as the engine does it)")
      ->check(positive);
  command->add_option("--horizon", c->horizon_minutes, "Minutes that one change stays (60)")
      ->check(positive);
  command
      ->add_option("--max-copies", c->options.max_copies,
                   "Copies per layer in a bounded migration (8)")
      ->check(CLI::Range(1, 1 << 18));
  command
      ->add_option("--more-slots", c->options.extra_slots_per_gpu,
                   "Slots per GPU in addition, for more redundant experts (1)")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--knee", c->options.knee,
                   "Imbalance from which on your deployment slows down, where it was measured")
      ->check(CLI::Range(1.0, 100.0));
  command->add_option("--seed", c->options.seed, "Seed of the search");
  command->add_flag("--json", c->json, "Print one JSON document");
  command->callback([c] { run(*c); });
}

}  // namespace moescope
