// moescope simulate sweep: a unit over a range of one parameter.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/plan/simulate_commands.h"
#include "app/commands/plan/unit_options.h"
#include "core/figure_text.h"
#include "core/placement/plan.h"
#include "core/simulate/sweep.h"
#include "core/simulate/what_if/unit_plans.h"

namespace moescope {
namespace {

struct SweepCommand {
  UnitChoice choice;
  std::string over;
  std::vector<double> values;
  bool json = false;
};

Json sweep_json(const Sweep& sweep, const SweepInput& input) {
  const auto whole = [](double ns) { return static_cast<std::int64_t>(std::llround(ns)); };
  Json points = Json::array();
  for (const auto& p : sweep.points)
    points.push_back({{"value", p.value},
                      {"step_ns", whole(p.step_ns)},
                      {"error_ns", whole(p.error_ns)},
                      {"tokens_per_second_gpu", p.tokens_per_second_gpu},
                      {"attention_ns", whole(p.attention_ns)},
                      {"experts_ns", whole(p.experts_ns)},
                      {"transfer_ns", whole(p.transfer_ns)},
                      {"fits", p.fits}});
  return {{"schema", 1},
          {"over", to_string(sweep.over)},
          {"hardware", input.hardware.name},
          {"model", input.model.name},
          {"unit", input.unit.name},
          {"library", to_string(input.unit.library)},
          {"points", std::move(points)},
          {"optimum", sweep.best ? Json(sweep.points[*sweep.best].value) : Json()},
          {"reason", sweep.reason},
          {"skipped", sweep.skipped}};
}

void print_sweep(const Sweep& sweep) {
  for (const auto& p : sweep.points)
    fmt::print("{} {:g}: step {}, {:.0f} tokens/s a GPU{}\n", to_string(sweep.over), p.value,
               duration_text(p.step_ns, p.error_ns), p.tokens_per_second_gpu,
               p.fits ? "" : ", does not fit in memory");
  for (const auto& skipped : sweep.skipped) fmt::print("skipped {}\n", skipped);
  fmt::print("optimum: {}\n", sweep.reason);
}

void run(const SweepCommand& command) {
  SweepInput input;
  const auto& choice = command.choice;
  input.hardware = load_hardware(choice.settings.hardware);
  input.model = load_model_shape(choice.settings.model);
  input.unit = chosen_unit(choice, input.model);
  input.loads = chosen_loads(choice, input.model);
  const auto over = *sweep_from_name(command.over);
  std::optional<Plan> given;
  if (!choice.plan.empty()) given = load_plan(choice.plan);
  ReplicaRule rule = ReplicaRule::Even;
  input.plan_for = [&, kept = std::vector<Plan>()](const ServingUnit& unit) mutable {
    const auto fits = [&](const Plan& plan) {
      return plan.num_gpus == unit.gpus && plan.slot_count() == unit.slot_count;
    };
    if (const auto same = std::find_if(kept.begin(), kept.end(), fits); same != kept.end())
      return *same;
    const auto plan = given && fits(*given)
                          ? *given
                          : plan_for(unit, input.model, input.loads,
                                     windows_to_plan_from(input.loads), command_progress());
    rule = chosen_rule(choice.rule, input.loads, plan);
    return kept.emplace_back(under_unit_rule(plan, rule, input.loads, input.model));
  };
  const auto sweep = sweep_unit(input, over, command.values, command_progress());
  if (!command.json) {
    fmt::print("replicas by {}\n", rule_title(rule));
    print_sweep(sweep);
    return;
  }
  Json document = sweep_json(sweep, input);
  document["rule"] = rule_name(rule);
  print_json(document);
}

}  // namespace

void register_simulate_sweep(CLI::App& simulate) {
  auto* command = simulate.add_subcommand(
      "sweep", "Predict a unit over a range of one parameter, with the optimum and its reason");
  auto c = std::make_shared<SweepCommand>();
  add_unit_options(*command, c->choice);
  command->add_option("--over", c->over, "comm-sms, redundant, ep or batch")
      ->required()
      ->check(CLI::IsMember({"comm-sms", "redundant", "ep", "batch"}));
  command->add_option("--values", c->values, "Values to take (default: a range that suits)")
      ->delimiter(',');
  command->add_option("--plan", c->choice.plan, "Plan where its GPUs and slots are the unit's");
  command->add_flag("--json", c->json, "Print one JSON document");
  command->callback([c] {
    require_unit(c->choice);
    run(*c);
  });
}

}  // namespace moescope
