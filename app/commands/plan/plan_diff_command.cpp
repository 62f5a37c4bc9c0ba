// moescope plan diff.
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/loads/rule_of_loads.h"
#include "core/placement/plan_diff.h"

namespace moescope {
namespace {

struct DiffCommand {
  std::string a, b, loads, unit;
  RuleChoice rule;
  std::optional<std::int64_t> expert_bytes;
  bool json = false;
};

/// Pairs of rank and expert, over the layers, whose tokens go to another GPU than before; nullopt
/// when the rule has no map of ranks.
std::optional<std::int64_t> rerouted(const Plan& a, const Plan& b, ReplicaRule rule) {
  if (!rule_facts(rule).one_per_rank) return std::nullopt;
  const auto before = dispatch_map(a, rule), after = dispatch_map(b, rule);
  const auto gpu = [](const Plan& plan, int slot) { return slot < 0 ? -1 : plan.gpu_of(slot); };
  std::int64_t count = 0;
  for (std::size_t r = 0; r < before.size(); ++r)
    for (std::size_t l = 0; l < before[r].size(); ++l)
      for (std::size_t e = 0; e < before[r][l].size(); ++e)
        count += gpu(a, before[r][l][e]) != gpu(b, after[r][l][e]) ? 1 : 0;
  return count;
}

/// What changes under the rule: routes, and with loads the imbalance of both plans.
Json rule_diff(const DiffCommand& command, const Plan& a, const Plan& b) {
  Json json = Json::object();
  std::optional<LoadSet> loads;
  if (!command.loads.empty()) loads = read_loads_for_plan(command.loads, command.unit);
  const ReplicaRule rule = loads ? chosen_rule(command.rule, *loads, b) : chosen_rule(command.rule);
  add_rule(json, rule, loads && !sources_of_plan(*loads, b).empty());
  json["rerouted"] = nullable(rerouted(a, b, rule));
  json["imbalance"] = nullptr;
  if (!loads) return json;
  const auto figures = [&](const Plan& plan) {
    const PlanBalance balance = plan_balance(under_rule(plan, rule, *loads), *loads);
    return Json{
        {"mean", balance.mean}, {"worst", balance.worst}, {"worst_layer", balance.worst_layer}};
  };
  json["imbalance"] = {{"a", figures(a)}, {"b", figures(b)}};
  return json;
}

void print_rule_diff(const Json& json) {
  fmt::print("replicas by {}\n", json["rule_text"].get<std::string>());
  if (!json["rerouted"].is_null())
    fmt::print("{} pairs of rank and expert are sent to another GPU\n",
               json["rerouted"].get<std::int64_t>());
  if (json["imbalance"].is_null()) return;
  const auto text = [](const Json& one) {
    return fmt::format("{:.4f} on average, {:.4f} at worst (layer {})", one["mean"].get<double>(),
                       one["worst"].get<double>(), one["worst_layer"].get<int>());
  };
  fmt::print("imbalance before: {}\n          after:  {}\n", text(json["imbalance"]["a"]),
             text(json["imbalance"]["b"]));
}

void diff(const DiffCommand& command) {
  const auto a = load_plan(command.a), b = load_plan(command.b);
  const auto diffs = diff_plans(a, b);
  Json layers = Json::array();
  for (std::size_t l = 0; l < diffs.size(); ++l) {
    Json list = copies_json(diffs[l]);
    layers.push_back({{"layer", l},
                      {"layer_id", b.layer_ids.empty() ? Json() : Json(b.layer_ids[l])},
                      {"slots_changed", diffs[l].slots_changed},
                      {"copies", list.size()},
                      {"copy_list", std::move(list)}});
  }
  const auto moved = plan_copies(
      a, b, 1, command.expert_bytes ? std::optional<double>(*command.expert_bytes) : std::nullopt);
  const Json under_rule = rule_diff(command, a, b);
  if (command.json) {
    Json document = {{"schema", 1},
                     {"a", command.a},
                     {"b", command.b},
                     {"slots_changed", moved.slots_changed},
                     {"copies", moved.copies},
                     {"bytes", moved_json(moved)["bytes"]}};
    document.update(under_rule);
    document["layers"] = std::move(layers);
    return print_json(document);
  }
  print_rule_diff(under_rule);
  fmt::print("{} slots changed, {}\n", moved.slots_changed, copies_text(moved));
  for (const auto& l : layers)
    if (l["slots_changed"] != 0)
      fmt::print("  layer {}: {} slots changed, {} copies\n", l["layer"].get<int>(),
                 l["slots_changed"].get<int>(), l["copies"].get<int>());
}

}  // namespace

Json copies_json(const LayerDiff& diff) {
  Json copies = Json::array();
  for (const ExpertCopy& copy : diff.copies)
    copies.push_back({{"expert", copy.expert},
                      {"slot", copy.slot},
                      {"gpu", copy.gpu},
                      {"from_gpus", copy.from_gpus}});
  return copies;
}

void register_plan_diff(CLI::App& plan) {
  auto* command =
      plan.add_subcommand("diff", "What changes from plan A to plan B, and what must be copied");
  auto c = std::make_shared<DiffCommand>();
  command->add_option("A", c->a, "Plan before")->required();
  command->add_option("B", c->b, "Plan after")->required();
  command->add_option("--expert-bytes", c->expert_bytes, "Bytes of one expert in one layer");
  command->add_option("--loads", c->loads, "Loads to show the imbalance of both plans for");
  add_unit_option(*command, c->unit);
  add_rule_options(*command, c->rule);
  command->add_flag("--json", c->json, "Print one JSON document");
  command->callback([c] { diff(*c); });
}

}  // namespace moescope
