// moescope plan solve.
#include <fmt/format.h>

#include <chrono>
#include <numeric>

#include "app/commands/command.h"
#include "app/commands/output_file.h"
#include "app/commands/plan/plan_commands.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/error.h"
#include "core/files.h"
#include "core/loads/judged_windows.h"
#include "core/loads/plan_balance.h"
#include "core/loads/rule_of_loads.h"
#include "core/placement/eplb/eplb.h"
#include "core/placement/plan_origin.h"
#include "core/placement/rules/rule_bound.h"
#include "core/placement/solve/actions.h"
#include "core/placement/solve/constraints.h"
#include "core/placement/solve/shared_expert.h"
#include "core/placement/solve/solve.h"
#include "core/placement/validate.h"
#include "core/simulate/defaults.h"

namespace moescope {
namespace {

struct SolveCommand {
  std::string loads, output, from, hierarchy, split = "equal", constraints;
  RuleChoice rule;
  std::vector<int> dead;
  SolveOptions options;
  std::optional<int> max_copies, windows;
  std::optional<int> gpus, nodes, groups, slot_count;
  std::string use, unit, shared_gpus;
  int top_k = 0;
  std::optional<int> first_layer;
  std::optional<std::string> compatible;  ///< name of the variant; empty: by the engine
  bool json = false, hold_out = false;
  /// Windows [first, last) of the loads that make the plan.
  std::pair<int, int> used{0, 0};
};

/// Whose order of ties the plan has: as named, else the engine's own, else SGLang's.
EplbVariant variant_of(const SolveCommand& command) {
  if (!command.compatible->empty()) return *eplb_variant_from_name(*command.compatible);
  return command.rule.engine == "vllm" ? EplbVariant::Numpy : EplbVariant::Torch;
}

/// As the engines choose: groups stay on their node when they divide over the nodes.
Hierarchy engines_hierarchy(const SolveOptions& o) {
  return o.groups % o.nodes == 0 ? Hierarchy::Hard : Hierarchy::Off;
}

Hierarchy hierarchy_of(const SolveCommand& command) {
  const auto& name = command.hierarchy;
  if (name == "hard") return Hierarchy::Hard;
  if (name == "soft") return Hierarchy::Soft;
  if (name == "auto" || (name.empty() && command.compatible))
    return engines_hierarchy(command.options);
  return Hierarchy::Off;
}

/// The windows A:B that the plan is made from, in groups.
std::vector<LayerLoads> windows_of(const LoadSet& loads, const SolveCommand& command) {
  LoadSet part = loads;
  part.windows.assign(loads.windows.begin() + command.used.first,
                      loads.windows.begin() + command.used.second);
  constexpr int kDefaultGroups = 8;
  return group_windows(part, command.compatible ? 1 : command.windows.value_or(kDefaultGroups));
}

SolveResult solve(const SolveCommand& command, const std::vector<LayerLoads>& windows) {
  const auto& o = command.options;
  if (!command.compatible) return solve_plan(windows, o, command_progress());
  if (o.from != nullptr || o.rebuild || o.connected || !o.pinned.empty() || !o.forbidden.empty() ||
      !o.dead_gpus.empty())
    throw Error("", "--compatible",
                "takes no --from, --rebuild, --connected, constraints or dead GPUs",
                "Leave --compatible out");
  SolveResult result;
  if (o.hierarchy == Hierarchy::Soft)
    throw Error("", "--compatible", "knows groups that stay on their node or none, not soft ones",
                "Give --hierarchy auto, hard or off");
  result.plan =
      eplb_plan(windows[0], o.slot_count, o.groups, o.nodes, o.gpus,
                o.hierarchy == Hierarchy::Off ? EplbPolicy::Global : EplbPolicy::Hierarchical,
                variant_of(command));
  result.plan.layer_ids = o.layer_ids;
  if (o.split_best) resplit(result.plan, windows[0], 0, command_progress());
  return result;
}

/// The plan under each rule, and under the worst of them.
void add_rules(Json& json, const Plan& plan, const LayerLoads& loads, const SolveOptions& o) {
  std::vector<double> worst(loads.size(), 1.0);
  Json list = Json::array();
  for (const ReplicaRule rule : o.rules) {
    const auto found = imbalances_under(plan, rule, {loads, o.by_source});
    std::vector<double> bounds;
    for (std::size_t l = 0; l < loads.size(); ++l) {
      worst[l] = std::max(worst[l], found[l]);
      bounds.push_back(rule_bound(loads[l], o.slot_count, o.gpus, rule,
                                  o.by_source.empty() ? nullptr : &o.by_source[l]));
    }
    Json one = Json::object();
    add_rule(one, rule, !o.by_source.empty());
    one["under_rule"] = summary_json(found);
    one["bound"] = summary_json(bounds);
    list.push_back(std::move(one));
  }
  json["rule"] = rule_names(o.rules);
  json["rules"] = std::move(list);
  json["under_rule"] = summary_json(worst);
}

Json report(const SolveResult& result, const LayerLoads& loads, const SolveOptions& o, double ms) {
  EvaluateOptions options;
  options.previous = o.from;
  Progress quiet;  // a cancelled search is reported like a whole one
  const auto layers = evaluate_plan(result.plan, loads, options, quiet);
  std::vector<double> equal, best, bound, copies;
  for (const auto& l : layers) {
    equal.push_back(l.equal);
    best.push_back(l.best_split);
    bound.push_back(
        std::max(l.bound, o.hierarchy == Hierarchy::Hard ? l.bound_hierarchical.value_or(1) : 1));
    if (l.copies) copies.push_back(*l.copies);
  }
  Json json = {{"schema", 1},
               {"solve_ms", ms},
               {"cancelled", result.cancelled},
               {"equal", summary_json(equal)},
               {"best_split", summary_json(best)},
               {"bound", summary_json(bound)},
               {"copies", summary_json(copies)}};
  add_rules(json, result.plan, loads, o);
  json["made_for_equal_shares"] = result.for_equal_shares;
  return json;
}

/// Copies and bytes of each action; bytes are known when a model has the loads' shape.
Json actions_json(const std::vector<PlanAction>& actions, const SolveOptions& o) {
  const auto model = guess_model(o.from->num_experts, o.from->layers());
  Json list = Json::array();
  for (const auto& a : actions) {
    const auto triple = [](const Summary& s) {
      return Json{{"mean", s.mean}, {"p95", s.p95}, {"max", s.max}};
    };
    list.push_back({{"action", to_string(a.kind)},
                    {"copies", a.copies},
                    {"bytes", model ? Json(static_cast<std::int64_t>(static_cast<double>(a.copies) *
                                                                     model->expert_bytes()))
                                    : Json()},
                    {"equal", triple(a.equal)},
                    {"best_split", triple(a.best_split)}});
  }
  return list;
}

std::string three(const Json& s) {
  return fmt::format("{:.4f} / {:.4f} / {:.4f}", s["mean"].get<double>(), s["p95"].get<double>(),
                     s["max"].get<double>());
}

void print_report(const Json& r, const std::string& output) {
  fmt::print(
      stderr,
      "solved in {:.0f} ms; imbalance (max/mean GPU load) over {}, mean / p95 / worst layer:\n",
      r["solve_ms"].get<double>(), r["window"]["text"].get<std::string>());
  fmt::print(stderr, "  equal split {}\n  best split  {}\n  bound       {}\n", three(r["equal"]),
             three(r["best_split"]), three(r["bound"]));
  for (const auto& one : r["rules"])
    fmt::print(stderr, "  {} {}, bound {}\n", one["rule"].get<std::string>(),
               three(one["under_rule"]), three(one["bound"]));
  for (const auto& one : r["rules"])
    fmt::print(stderr, "replicas by {}\n", one["rule_text"].get<std::string>());
  if (r["made_for_equal_shares"].get<bool>())
    fmt::print(
        stderr,
        "the plan is made for equal shares: with these options none is made for the rule, or "
        "none was better\n");
  print_judged(stderr, r["judged"]);
  if (!r["copies"].is_null())
    fmt::print(stderr, "  copies per layer: {:.1f}, at most {:.0f}\n",
               r["copies"]["mean"].get<double>(), r["copies"]["max"].get<double>());
  if (r.contains("actions")) {
    fmt::print(stderr, "by increasing cost, imbalance with the best split:\n");
    for (const auto& a : r["actions"])
      fmt::print(
          stderr, "  {:<8} {}, {} copies{}\n", a["action"].get<std::string>(),
          three(a["best_split"]), a["copies"].get<long>(),
          a["bytes"].is_null() ? "" : fmt::format(", {:.3g} GB", a["bytes"].get<double>() / 1e9));
  }
  fmt::print(stderr, "written {}{}\n", output,
             r["cancelled"].get<bool>() ? " (cancelled: the best plan so far)" : "");
}

/// Adds the shared expert to the loads, on GPUs A:B only.
void share(SolveCommand& command, const LoadSet& loads, std::vector<LayerLoads>& windows) {
  const auto gpus = read_range(command.shared_gpus, command.options.gpus);
  if (!gpus)
    throw Error("", "--shared-gpus",
                fmt::format("\"{}\" is not a range of GPUs", command.shared_gpus),
                "Give A:B with 0 <= A < B <= GPUs");
  const int top_k = command.top_k > 0 ? command.top_k : loads.top_k.value_or(0);
  if (top_k < 1)
    throw Error(loads.source, "top_k",
                "is not in the loads, but the shared expert's load depends on it", "Give --top-k");
  std::vector<int> hosts(static_cast<std::size_t>(gpus->second - gpus->first));
  std::iota(hosts.begin(), hosts.end(), gpus->first);
  for (auto& window : windows) window = with_shared_expert(window, top_k);
  keep_on(command.options, loads.experts, hosts);
}

/// Machine of the plan: as given, else that of the running plan.
void take_shape(SolveCommand& command, const Plan& from) {
  auto& o = command.options;
  const bool known = o.from != nullptr;
  const auto need = [&](const std::optional<int>& given, int running, const char* option) {
    if (given) return *given;
    if (known) return running;
    throw CLI::RequiredError(option);
  };
  o.gpus = need(command.gpus, from.num_gpus, "--gpus");
  o.slot_count = need(command.slot_count, from.slot_count(), "--slots");
  o.nodes = command.nodes.value_or(known ? from.num_nodes : 1);
  o.groups = command.groups.value_or(known ? from.num_groups : 1);
}

/// The windows that make the plan: as given, else all; with --hold-out the earlier ones of these.
void choose_windows(SolveCommand& command, const LoadSet& loads) {
  auto& [first, last] = command.used;
  command.used = window_range(command.use, loads, "--window")
                     .value_or(std::pair(0, static_cast<int>(loads.windows.size())));
  if (!command.hold_out) return;
  if (!loads.ordered_in_time)
    throw Error(loads.source, "windows", "do not follow one another in time, so none is later",
                "Leave --hold-out out");
  if (last - first < 2)
    throw Error(loads.source, "windows", "are one only: nothing would be left to judge the plan",
                "Leave --hold-out out, or give loads of several windows");
  last = first + windows_to_make_from(last - first);
}

void run(SolveCommand& command) {
  const auto loads = read_loads_for_plan(command.loads, command.unit);
  require_other_file(command.output, {command.loads, command.constraints});
  auto& o = command.options;
  o.split_best = command.split == "best";
  o.layer_ids = loads.layer_ids;
  if (command.first_layer && o.layer_ids.empty()) {
    o.layer_ids.resize(static_cast<std::size_t>(loads.layers()));
    std::iota(o.layer_ids.begin(), o.layer_ids.end(), *command.first_layer);
  }
  o.dead_gpus = command.dead;
  o.max_copies = command.max_copies;
  if (!command.constraints.empty()) {
    auto constraints = parse_constraints(read_text_file(command.constraints, std::size_t{64} << 20),
                                         command.constraints);
    o.pinned = std::move(constraints.pinned);
    o.forbidden = std::move(constraints.forbidden);
  }
  Plan from;
  if (!command.from.empty()) {
    from = load_plan(command.from);
    o.from = &from;
  }
  take_shape(command, from);
  o.hierarchy = hierarchy_of(command);
  choose_windows(command, loads);
  o.rules = chosen_rules(command.rule, loads);
  const bool sources =
      static_cast<int>(loads.by_source.empty() ? 0 : loads.by_source[0].size()) == o.gpus &&
      command.shared_gpus.empty();
  if (sources) o.by_source = loads.by_source;
  auto windows = windows_of(loads, command);
  if (!command.shared_gpus.empty()) share(command, loads, windows);
  const auto start = std::chrono::steady_clock::now();
  const auto result = solve(command, windows);
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  throw_on_errors(validate_plan(result.plan), "the solved plan");
  const auto window = load_window(loads, command.used.first, command.used.second);
  write_text_file(command.output, with_origin(plan_json(result.plan),
                                              {window.source, digest_of_loads(loads.windows),
                                               window.first, window.last}));
  auto summary = report(result, sum_of(windows), o, ms);
  summary["window"] = window_json(window);
  const Plan ruled =
      command.shared_gpus.empty() ? under_rule(result.plan, o.rules.front(), loads) : result.plan;
  summary["judged"] = judged_json(ruled, loads, command.used);
  if (o.from != nullptr && !o.rebuild && !result.cancelled)
    summary["actions"] = actions_json(plan_actions(windows, o, result.plan, command_progress()), o);
  if (command.json)
    print_json(summary);
  else
    print_report(summary, command.output);
}

}  // namespace

void register_plan_solve(CLI::App& plan) {
  auto* command = plan.add_subcommand("solve", "Make a plan for loads");
  auto c = std::make_shared<SolveCommand>();
  const auto count = CLI::Range(1, 1 << 18);
  command->add_option("--loads", c->loads, "Load dump or recording")->required();
  add_unit_option(*command, c->unit);
  command->add_option("--gpus", c->gpus, "GPUs (needed without --from, as --slots)")->check(count);
  command->add_option("--nodes", c->nodes, "Nodes (1, or as in --from)")->check(count);
  command->add_option("--groups", c->groups, "Routing groups of the model (1, or as in --from)")
      ->check(count);
  command->add_option("--slots", c->slot_count, "Physical experts of a layer")->check(count);
  command
      ->add_option("--hierarchy", c->hierarchy,
                   "Groups stay on their node: always, where it costs little, not at all, or as "
                   "engines choose: hard when they divide over the nodes (off; auto with "
                   "--compatible)")
      ->check(CLI::IsMember({"hard", "soft", "off", "auto"}));
  command
      ->add_option_function<std::vector<std::string>>(
          "--compatible",
          [c](const std::vector<std::string>& names) {
            c->compatible = names.empty() ? std::string() : names.front();
          },
          "Make the plan of DeepSeek's EPLB slot for slot, with equal loads in the order of torch "
          "(SGLang 0.5.23), numpy (vLLM 0.33), deepseek (its repository) or stable (the first "
          "expert first). Without a name: as --engine, else torch")
      ->expected(0, 1)
      ->check(CLI::IsMember({"torch", "numpy", "deepseek", "stable"}));
  add_rule_options(*command, c->rule, true);
  command->add_flag("--connected", c->options.connected,
                    "Join all GPUs by replicas, so that a new split can follow drift");
  command->add_option("--from", c->from,
                      "The plan that runs now: copy as few experts as balance needs");
  command
      ->add_option("--max-copies", c->max_copies,
                   "At most that many copies per layer, against --from")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--rebuild", c->options.rebuild,
                    "With --from: rebuild from scratch, relabelling GPUs and slots so that few "
                    "experts are copied");
  command->add_option("--split", c->split, "Write replica weights of the best split, or none")
      ->check(CLI::IsMember({"equal", "best"}));
  command->add_option("--seed", c->options.seed, "Seed of the search");
  command->add_option("--window", c->use, "Make the plan from windows A:B (B not included)");
  command->add_flag("--hold-out", c->hold_out,
                    "Make the plan from the earlier three quarters of these windows and judge it "
                    "on the later ones");
  command
      ->add_option(
          "--window-groups", c->windows,
          "Balance that many groups of windows as well as their sum (default 8; 1: the sum only)")
      ->check(CLI::Range(1, 64));
  command->add_option("--tolerance", c->options.tolerance, "Stop at this excess over the bound")
      ->check(CLI::Range(0.0, 10.0));
  command
      ->add_option(
          "--good-enough", c->options.good_enough,
          "Imbalance from which more balance is worth nothing: the search stops there, with "
          "fewer copies (--from) and fewer replicas off their node (--hierarchy soft)")
      ->check(CLI::Range(1.0, 100.0));
  command->add_option("--dead-gpus", c->dead, "GPUs that hold nothing")->delimiter(',');
  command
      ->add_option("--first-layer", c->first_layer,
                   "First MoE layer of the model, for loads that do not name their layers; SGLang "
                   "draws replicas for the dense layers too")
      ->check(CLI::Range(0, kMaxPlanLayers));
  command->add_option("--shared-gpus", c->shared_gpus,
                      "Add a routed shared expert as the last expert, on GPUs A:B");
  command->add_option("--top-k", c->top_k, "Experts per token, where the loads do not have it")
      ->check(CLI::Range(1, 1024));
  command->add_option("--constraints", c->constraints,
                      "JSON: pinned [{layer?,slot,expert}], forbidden [{layer?,gpu,expert}]");
  command
      ->add_option("--threads", c->options.threads,
                   "Threads (0: all cores); the plan does not depend on it")
      ->check(CLI::Range(0, 1024));
  command->add_option("-o", c->output, "Plan file to write")->required();
  command->add_flag("--json", c->json, "Print the figures as one JSON document");
  command->callback([c] { run(*c); });
}

}  // namespace moescope
