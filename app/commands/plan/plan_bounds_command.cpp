// moescope plan bounds.
#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/placement/solve/solve.h"

namespace moescope {
namespace {

struct BoundsCommand {
  std::string loads, unit;
  RuleChoice rule;
  int gpus = 1, max_slots = 0;
  bool json = true;
};

void bounds(const BoundsCommand& command) {
  const auto loads = read_loads_for_plan(command.loads, command.unit);
  const auto sum = sum_windows(loads, 0, static_cast<int>(loads.windows.size()));
  const ReplicaRule rule = chosen_rule(command.rule, loads, Plan());
  const bool sources =
      !loads.by_source.empty() && static_cast<int>(loads.by_source.front().size()) == command.gpus;
  Json document = {{"schema", 1}, {"gpus", command.gpus}};
  add_rule(document, rule, sources);
  document["bounds"] = Json::array();
  const int most = command.max_slots > 0 ? command.max_slots : 2 * loads.experts;
  for (const auto& point :
       bound_curve(sum, command.gpus, most, rule, sources ? loads.by_source : SourceLoads()))
    document["bounds"].push_back({{"slots", point.slot_count},
                                  {"mean", point.bound.mean},
                                  {"p95", point.bound.p95},
                                  {"max", point.bound.max}});
  print_json(document);
}

}  // namespace

void register_plan_bounds(CLI::App& plan) {
  auto* command = plan.add_subcommand("bounds", "The lower bound on imbalance by number of slots");
  auto c = std::make_shared<BoundsCommand>();
  command->add_option("--loads", c->loads, "Load dump or recording")->required();
  add_unit_option(*command, c->unit);
  command->add_option("--gpus", c->gpus, "GPUs")->required()->check(CLI::Range(1, 65536));
  command
      ->add_option("--max-slots", c->max_slots,
                   "Up to this many slots (default: twice the experts)")
      ->check(CLI::Range(1, 1 << 18));
  add_rule_options(*command, c->rule);
  command->add_flag("--json", c->json, "Print one JSON document (always done)");
  command->callback([c] { bounds(*c); });
}

}  // namespace moescope
