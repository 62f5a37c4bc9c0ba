// moescope plan evaluate and validate.
#include <fmt/format.h>

#include <algorithm>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/plan/predict_options.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/error.h"
#include "core/files.h"
#include "core/loads/rule_of_loads.h"
#include "core/placement/evaluate.h"
#include "core/placement/plan_origin.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxPlanText = std::size_t{1} << 30;

/// Windows that made the plan, when its file has them and the loads are the same.
std::optional<std::pair<int, int>> origin_in(const std::string& plan_file, const LoadSet& loads) {
  const auto origin = origin_of(read_text_file(plan_file, kMaxPlanText));
  if (!origin || origin->last > static_cast<int>(loads.windows.size()) ||
      origin->digest != digest_of_loads(loads.windows))
    return std::nullopt;
  return std::pair(origin->first, origin->last);
}

struct EvaluateCommand {
  std::string plan, loads, loads_unit, previous;
  std::optional<int> active;
  RuleChoice rule;
  std::shared_ptr<PredictChoice> predict = std::make_shared<PredictChoice>();
  bool dispatch_map = false, json = false;
};

/// Calls visit(key, value) for every figure of a layer; an absent one is nullopt.
template <typename Visit>
void for_each_figure(const LayerEvaluation& l, Visit visit) {
  visit("equal", std::optional<double>(l.equal));
  visit("weighted", l.weighted);
  visit("under_rule", l.under_rule);
  visit("best_split", std::optional<double>(l.best_split));
  visit("bound", std::optional<double>(l.bound));
  visit("bound_hierarchical", l.bound_hierarchical);
  visit("duplicate_slots", std::optional<double>(l.duplicate_slots));
  visit("components", std::optional<double>(l.components));
  visit("copies", l.copies ? std::optional<double>(*l.copies) : std::nullopt);
  visit("remote_nodes_per_token", l.remote_nodes_per_token);
  visit("off_node_copies", std::optional<double>(l.off_node_copies));
  visit("active_split", l.active_split);
}

bool is_count(std::string_view key) {
  return key == "duplicate_slots" || key == "components" || key == "copies" ||
         key == "off_node_copies";
}

Json evaluation_json(const Plan& plan, const std::vector<LayerEvaluation>& layers) {
  Json list = Json::array();
  std::vector<std::pair<std::string, std::vector<double>>> columns;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    Json json = {{"layer", l},
                 {"layer_id", plan.layer_ids.empty() ? Json() : Json(plan.layer_ids[l])}};
    std::size_t column = 0;
    for_each_figure(layers[l], [&](const char* key, const std::optional<double>& value) {
      json[key] = !value ? Json() : is_count(key) ? Json(static_cast<int>(*value)) : Json(*value);
      if (columns.size() == column) columns.emplace_back(key, std::vector<double>());
      if (value) columns[column].second.push_back(*value);
      ++column;
    });
    json["no_load"] = layers[l].no_load;
    list.push_back(std::move(json));
  }
  Json summary = Json::object();
  for (const auto& [key, values] : columns) summary[key] = summary_json(values);
  return {{"layers", std::move(list)}, {"summary", std::move(summary)}};
}

void print_summary(const Json& summary) {
  fmt::print("{:<24} {:>10} {:>10} {:>10}\n", "over layers", "mean", "p95", "max");
  for (const auto& [key, s] : summary.items())
    if (!s.is_null())
      fmt::print("{:<24} {:>10.4f} {:>10.4f} {:>10.4f}\n", key, s["mean"].get<double>(),
                 s["p95"].get<double>(), s["max"].get<double>());
}

/// Without loads: the map alone.
void print_dispatch_map(const EvaluateCommand& command, const Plan& plan) {
  const ReplicaRule rule = chosen_rule(command.rule);
  Json document = {{"schema", 1}, {"plan", command.plan}};
  add_rule(document, rule, false);
  document["dispatch_physical"] = dispatch_map(plan, rule);
  print_json(document);
}

/// What is printed about a plan.
struct PlanFigures {
  ReplicaRule rule;
  bool sources;  ///< of the tokens are known
  Json layers;   ///< evaluation_json()
  PlanBalance balance;
  Json judged;
  std::optional<PlanCopies> moved;
  std::optional<Prediction> prediction;
};

/// The plan and the one before it, both under the rule.
PlanFigures figures_of(const EvaluateCommand& command, const Plan& plan,
                       const std::optional<Plan>& previous, const LoadSet& loads) {
  const ReplicaRule rule = chosen_rule(command.rule, loads, plan);
  const RuleLoads of_rule = rule_loads(loads, plan);
  const SlotShares shares = slot_shares(plan, rule, of_rule);
  EvaluateOptions options;
  options.previous = previous ? &*previous : nullptr;
  options.active_per_gpu = command.active;
  options.shares = &shares;
  if (loads.routes.tokens() > 0 && loads.routes.layers == plan.layers())
    options.routes = &loads.routes;
  const auto layers = evaluate_plan(plan, of_rule.loads, options, command_progress());
  const Plan ruled = under_rule(plan, rule, of_rule);
  PlanFigures out{rule,
                  !of_rule.by_source.empty(),
                  evaluation_json(plan, layers),
                  plan_balance(ruled, loads),
                  {},
                  std::nullopt,
                  std::nullopt};
  if (command.predict->made_from.empty()) command.predict->origin = origin_in(command.plan, loads);
  const auto named = window_range(command.predict->made_from, loads, "--made-from");
  out.judged = judged_json(ruled, loads, named ? named : command.predict->origin);
  std::optional<Plan> before;
  if (previous) {
    before = under_rule(*previous, rule, loads);
    out.moved = plan_copies(*previous, plan, 1, expert_bytes_of(*command.predict, plan));
  }
  std::string why;
  out.prediction = predict_by_choice(*command.predict, ruled, layers_of_plan(loads, plan),
                                     before ? &*before : nullptr, why);
  if (!out.prediction) fmt::print(stderr, "no step time predicted: {}\n", why);
  return out;
}

void print_figures(const PlanFigures& figures) {
  fmt::print("replicas by {}\n", rule_text(figures.rule, figures.sources));
  fmt::print("imbalance (max/mean GPU load) {}\n", to_string(figures.balance));
  print_judged(stdout, figures.judged);
  if (figures.moved) fmt::print("against the plan before: {}\n", copies_text(*figures.moved));
  print_summary(figures.layers["summary"]);
  if (figures.prediction) print_prediction(stdout, *figures.prediction);
}

Json figures_json(const PlanFigures& figures) {
  const PlanBalance& balance = figures.balance;
  Json json = Json::object();
  add_rule(json, figures.rule, figures.sources);
  json.update(figures.layers);
  json["imbalance"] = {{"mean", balance.mean},
                       {"worst", balance.worst},
                       {"worst_layer", balance.worst_layer},
                       {"window", window_json(balance.window)}};
  json["judged"] = figures.judged;
  json["moved"] = figures.moved ? moved_json(*figures.moved) : Json();
  json["predicted"] = figures.prediction ? prediction_json(*figures.prediction) : Json();
  return json;
}

void evaluate(const EvaluateCommand& command) {
  const auto plan = load_plan(command.plan);
  if (command.loads.empty()) {
    if (!command.dispatch_map) throw CLI::RequiredError("--loads");
    return print_dispatch_map(command, plan);
  }
  const auto loads = read_loads_for_plan(command.loads, command.loads_unit);
  std::optional<Plan> previous;
  if (!command.previous.empty()) previous = load_plan(command.previous);
  const PlanFigures figures = figures_of(command, plan, previous, loads);
  if (!command.json) return print_figures(figures);
  Json document = {{"schema", 1},
                   {"plan", command.plan},
                   {"loads", command.loads},
                   {"loads_unit", loads.unit.empty() ? Json() : Json(loads.unit)},
                   {"num_gpus", plan.num_gpus},
                   {"num_nodes", plan.num_nodes},
                   {"num_slots", plan.slot_count()},
                   {"num_logical_experts", plan.num_experts}};
  document.update(figures_json(figures));
  if (command.dispatch_map) document["dispatch_physical"] = dispatch_map(plan, figures.rule);
  print_json(document);
}

struct ValidateCommand {
  std::string plan, loads;
  PlanExpectation expected;
  bool json = false;
};

void validate(ValidateCommand& command) {
  auto reading = read_plan(command.plan);
  if (!command.loads.empty()) {
    const auto loads = read_loads_for_plan(command.loads);
    command.expected.experts = loads.experts;
    command.expected.layers = loads.layers();
    if (!loads.layer_ids.empty()) command.expected.layer_ids = loads.layer_ids;
  }
  auto problems = std::move(reading.problems);
  const auto more = validate_plan(reading.plan, command.expected);
  problems.insert(problems.end(), more.begin(), more.end());
  const bool failed = has_errors(problems);
  if (command.json) {
    Json list = Json::array();
    for (const auto& p : problems)
      list.push_back(
          {{"severity", p.severity == PlanProblem::Severity::Error ? "error" : "warning"},
           {"kind", p.kind},
           {"layer", p.layer < 0 ? Json() : Json(p.layer)},
           {"slot", p.slot < 0 ? Json() : Json(p.slot)},
           {"text", p.text}});
    print_json({{"schema", 1}, {"plan", command.plan}, {"valid", !failed}, {"problems", list}});
  } else {
    for (const auto& p : problems)
      fmt::print("{}: {}\n", p.severity == PlanProblem::Severity::Error ? "error" : "warning",
                 to_string(p));
    if (problems.empty()) fmt::print("no problem found\n");
  }
  if (failed) {
    const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& p) {
      return p.severity == PlanProblem::Severity::Error;
    });
    throw Error(command.plan, "", fmt::format("the plan has {} errors", errors),
                "They are listed on stdout");
  }
}

}  // namespace

void register_plan_evaluate(CLI::App& plan) {
  auto* command = plan.add_subcommand(
      "evaluate", "Balance of a plan for given loads, compared with the best possible");
  auto c = std::make_shared<EvaluateCommand>();
  command->add_option("--plan", c->plan, "Plan file")->required();
  command->add_option("--loads", c->loads,
                      "Load dump or recording to evaluate it on; needed but for --dispatch-map");
  add_unit_option(*command, c->loads_unit, "--loads-unit");
  add_rule_options(*command, c->rule);
  auto* map = command->add_flag(
      "--dispatch-map", c->dispatch_map,
      "Also the slot that each rank sends an expert's tokens to, as dispatch_physical "
      "[rank][layer][expert] in the JSON, -1 where it is drawn for each token; alone without "
      "--loads");
  command->add_option("--previous", c->previous,
                      "Plan that runs now: copies, and its predicted step beside the new one");
  command
      ->add_option("--active", c->active,
                   "Slots of a GPU that compute in one step (dynamic redundancy): active_split")
      ->check(CLI::Range(1, 65535));
  add_predict_options(*command, c->predict);
  map->needs(command->add_flag("--json", c->json, "Print one JSON document"));
  command->callback([c] { evaluate(*c); });
}

void register_plan_validate(CLI::App& plan) {
  auto* command =
      plan.add_subcommand("validate", "List every problem of a plan with layer and slot");
  auto c = std::make_shared<ValidateCommand>();
  command->add_option("--plan", c->plan, "Plan file")->required();
  command->add_option("--loads", c->loads, "Loads whose shape the plan must have");
  command->add_option("--redundant", c->expected.redundant_experts,
                      "Redundant experts as in the launch flag");
  command->add_option("--experts", c->expected.experts, "Logical experts of the model");
  command->add_option("--layers", c->expected.layers, "MoE layers of the model");
  command->add_option("--expert-bytes", c->expected.expert_bytes,
                      "Bytes of one expert in one layer");
  command->add_option("--gpu-bytes", c->expected.gpu_expert_bytes,
                      "Room for experts on a GPU, bytes");
  command->add_flag("--groups-on-nodes", c->expected.groups_on_nodes,
                    "Report replicas outside the node of their group");
  command->add_flag("--json", c->json, "Print one JSON document");
  command->callback([c] { validate(*c); });
}

}  // namespace moescope
