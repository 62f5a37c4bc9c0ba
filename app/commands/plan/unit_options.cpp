#include "app/commands/plan/unit_options.h"

#include "app/commands/plan/plan_commands.h"

namespace moescope {

void add_unit_options(CLI::App& command, UnitChoice& choice) {
  auto& s = choice.settings;
  command.add_option("--hardware", s.hardware, "h800, h100, h200, b200, gb200 or a JSON file");
  command.add_option("--model", s.model, "deepseek-v3, tiny, ... or a JSON file");
  command.add_option("--unit", s.unit, "prefill32, decode320, ... or a JSON file");
  command.add_option("--library", choice.library,
                     "deepep_normal, deepep_low_latency, deepep_v2, trtllm or nccl (the unit's)");
  command.add_option("--loads", choice.loads, "Load dump (default: equal loads)");
  add_rule_options(command, choice.rule);
}

void require_unit(const UnitChoice& choice) {
  const auto& s = choice.settings;
  for (const auto& [option, value] :
       {std::pair("--hardware", &s.hardware), {"--model", &s.model}, {"--unit", &s.unit}})
    if (value->empty()) throw CLI::RequiredError(option);
}

void add_setting_options(CLI::App& command, UnitChoice& choice) {
  constexpr int kMost = 65535;
  auto& s = choice.settings;
  auto* plan = command.add_option("--plan", choice.plan,
                                  "Plan file (default: solved from the first half of the windows)");
  command
      .add_option("--comm-sms", s.comm_sms,
                  "SMs that communication takes; 0: what if it took none (default: the unit's)")
      ->check(CLI::Range(0, kMost));
  command
      .add_option("--gpus", s.gpus, "GPUs that experts are spread over, the EP size (the unit's)")
      ->check(CLI::Range(1, kMost))
      ->excludes(plan);
  command
      .add_option("--redundant", s.redundant,
                  "Slots of a layer beyond the model's experts (the unit's)")
      ->check(CLI::Range(0, kMost))
      ->excludes(plan);
  command.add_option("--batch", s.tokens_per_gpu, "Tokens of a GPU and micro-batch (the unit's)")
      ->check(CLI::PositiveNumber);
}

ServingUnit chosen_unit(const UnitChoice& choice, const ModelShape& model) {
  WhatIf settings = choice.settings;
  if (!choice.library.empty()) settings.library = comm_library_from_name(choice.library);
  return unit_with_settings(load_unit(settings.unit), model, settings);
}

LoadSet chosen_loads(const UnitChoice& choice, const ModelShape& model) {
  return choice.loads.empty() ? even_loads(model) : read_loads_for_plan(choice.loads);
}

Plan under_unit_rule(const Plan& plan, ReplicaRule rule, const LoadSet& loads,
                     const ModelShape& model) {
  return ruled_plan(plan, rule, layers_of_plan(loads, plan), model);
}

}  // namespace moescope
