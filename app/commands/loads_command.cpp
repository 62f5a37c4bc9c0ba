// moescope loads: content, unevenness and drift of a load dump.
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "app/commands/load_logs_output.h"
#include "app/commands/load_reading_options.h"
#include "app/commands/rule_options.h"
#include "app/commands/window_range.h"
#include "core/error.h"
#include "core/files.h"
#include "core/loads/engine_figures.h"
#include "core/loads/metrics.h"
#include "core/loads/open/open_loads.h"
#include "core/loads/rule_of_loads.h"

namespace moescope {
namespace {

struct LoadsOptions {
  std::vector<std::string> imports;
  std::optional<int> layer, gpus, nodes;
  RuleChoice rule;
  std::string window, unit, output;
  int count = 8;
  bool json = false;
  LoadReading reading;
};

struct WindowRange {
  int first = 0, last = 0;
};

Json unevenness_json(const Unevenness& u) {
  return {{"max_over_mean", u.max_over_mean},
          {"mean_over_max", u.mean_over_max},
          {"excess", u.excess},
          {"gini", u.gini},
          {"cv", u.cv}};
}

Json experts_json(const std::vector<int>& experts, const std::vector<double>& tokens) {
  Json list = Json::array();
  for (const int e : experts)
    list.push_back({{"expert", e}, {"tokens", tokens[static_cast<std::size_t>(e)]}});
  return list;
}

/// Where the experts were: the running map when there is one, else experts in order. nullopt where
/// the GPUs are not known or do not fit.
std::optional<Plan> placement(const LoadSet& loads, const LoadsOptions& options) {
  Plan plan;
  plan.num_gpus = options.gpus ? *options.gpus : loads.num_gpus.value_or(0);
  if (plan.num_gpus < 1) return std::nullopt;
  plan.num_experts = loads.experts;
  plan.layer_ids = loads.layer_ids;
  plan.physical_to_logical = loads.running_map.value_or(std::vector<std::vector<int>>(
      static_cast<std::size_t>(loads.layers()), trivial_row(loads.experts, loads.experts)));
  if (plan.slot_count() == 0 || plan.slot_count() % plan.num_gpus != 0) return std::nullopt;
  plan.num_nodes = options.nodes ? *options.nodes : loads.num_nodes.value_or(1);
  if (plan.num_gpus % plan.num_nodes != 0)
    throw Error(loads.source, "--nodes",
                fmt::format("{} GPUs do not divide over {} nodes", plan.num_gpus, plan.num_nodes));
  return plan;
}

/// A placement and the shares that its slots have under the replica rule.
struct Placed {
  Plan plan;
  ReplicaRule rule;
  bool sources;
  SlotShares shares;
};

std::optional<Placed> placed_loads(const LoadSet& loads, const LoadsOptions& options) {
  auto plan = placement(loads, options);
  if (!plan) return std::nullopt;
  const ReplicaRule rule = chosen_rule(options.rule, loads, *plan);
  const RuleLoads of_rule = rule_loads(loads, *plan);
  auto shares = slot_shares(*plan, rule, of_rule);
  return Placed{std::move(*plan), rule, !of_rule.by_source.empty(), std::move(shares)};
}

/// Shares of tokens that change expert: from window to window, and from the first half to the
/// second.
Json drift_json(const LoadSet& loads, const WindowRange& range, std::size_t layer) {
  if (range.last - range.first < 2) return nullptr;
  double sum = 0, worst = 0;
  for (int w = range.first; w + 1 < range.last; ++w) {
    const double d = drift(loads.windows[static_cast<std::size_t>(w)][layer],
                           loads.windows[static_cast<std::size_t>(w) + 1][layer]);
    sum += d;
    worst = std::max(worst, d);
  }
  const int middle = range.first + (range.last - range.first) / 2;
  const auto first = sum_windows(loads, range.first, middle);
  const auto second = sum_windows(loads, middle, range.last);
  return {{"mean", sum / (range.last - range.first - 1)},
          {"max", worst},
          {"halves", drift(first[layer], second[layer])}};
}

/// Balance of the tokens that were counted on GPUs in the windows.
Json measured_json(const LoadSet& loads, const WindowRange& range, std::size_t layer) {
  if (loads.measured.empty()) return nullptr;
  std::vector<double> gpus(loads.measured.front()[layer].size(), 0.0);
  for (int w = range.first; w < range.last; ++w)
    for (std::size_t g = 0; g < gpus.size(); ++g)
      gpus[g] += loads.measured[static_cast<std::size_t>(w)][layer][g];
  return unevenness_json(unevenness(gpus));
}

/// Begin of the first and end of the last window, ns.
Json times_json(const LoadSet& loads, const WindowRange& range) {
  if (loads.times.empty()) return nullptr;
  return {loads.times[static_cast<std::size_t>(range.first)].begin,
          loads.times[static_cast<std::size_t>(range.last) - 1].end};
}

/// What engines would print, see core/loads/engine_figures.h; null where GPUs are not known.
Json engine_json(const std::optional<EngineFigures>& figures) {
  if (!figures) return nullptr;
  return {{"gpu_loads", figures->measured ? "measured" : "predicted"},
          {"sglang_balancedness", figures->sglang_balancedness},
          {"vllm_balancedness", figures->vllm_balancedness},
          {"trtllm_imbalance_ratio", figures->trtllm_average}};
}

Json layer_json(const LoadSet& loads, const LayerLoads& sum, const WindowRange& range,
                std::size_t l, const LoadsOptions& options, const std::optional<Placed>& placed,
                const std::optional<EngineFigures>& figures) {
  const auto u = unevenness(sum[l]);
  Json json = {{"layer", l},
               {"layer_id", loads.layer_ids.empty() ? Json() : Json(loads.layer_ids[l])},
               {"tokens", u.total},
               {"experts", unevenness_json(u)}};
  json["gpus"] =
      placed ? unevenness_json(unevenness(gpu_loads(placed->plan.physical_to_logical[l], sum[l],
                                                    placed->plan.num_gpus, placed->shares[l])))
             : Json();
  json["gpus_measured"] = measured_json(loads, range, l);
  json["trtllm_imbalance_ratio"] = figures ? Json(figures->trtllm_imbalance_ratio[l]) : Json();
  json["hottest"] = experts_json(hottest(sum[l], options.count), sum[l]);
  json["coldest"] = experts_json(coldest(sum[l], options.count), sum[l]);
  json["drift"] = drift_json(loads, range, l);
  if (options.layer) json["load"] = sum[l];
  return json;
}

Json load_json(const LoadSet& loads, const LoadsOptions& options) {
  const int windows = static_cast<int>(loads.windows.size());
  const auto [first, last] = parse_window(options.window, windows);
  const WindowRange range{first, last};
  const auto sum = sum_windows(loads, range.first, range.last);
  Json json = {{"source", loads.source},
               {"format", loads.format},
               {"unit", loads.unit.empty() ? Json() : Json(loads.unit)},
               {"windows", windows},
               {"window", {range.first, range.last}},
               {"window_ns", times_json(loads, range)},
               {"ordered_in_time", loads.ordered_in_time},
               {"layers", loads.layers()},
               {"experts", loads.experts},
               {"layer_ids", loads.layer_ids.empty() ? Json() : Json(loads.layer_ids)},
               {"top_k", nullable(loads.top_k)},
               {"num_gpus", nullable(options.gpus ? options.gpus : loads.num_gpus)},
               {"num_nodes", nullable(loads.num_nodes)},
               {"num_groups", nullable(loads.num_groups)},
               {"routes", loads.routes.tokens() > 0 ? Json(loads.routes.tokens()) : Json()},
               {"has_running_map", loads.running_map.has_value()},
               {"notes", loads.notes}};
  const auto placed = placed_loads(loads, options);
  if (placed)
    add_rule(json, placed->rule, placed->sources);
  else
    json["rule"] = nullptr;
  const auto figures = engine_figures(loads, range.first, range.last, options.gpus,
                                      placed ? &placed->shares : nullptr);
  json["engine_figures"] = engine_json(figures);
  Json layers = Json::array();
  for (std::size_t l = 0; l < sum.size(); ++l)
    if (!options.layer || static_cast<int>(l) == *options.layer)
      layers.push_back(layer_json(loads, sum, range, l, options, placed, figures));
  if (layers.empty())
    throw Error(loads.source, "--layer", fmt::format("there is no layer {}", *options.layer),
                fmt::format("Give 0..{}", loads.layers() - 1));
  json["layers_detail"] = std::move(layers);
  return json;
}

void print_engine_figures(const Json& figures) {
  if (figures.is_null()) return;
  fmt::print(
      "  as the engines compute it ({} loads of GPUs): SGLang balancedness {:.3f}, vLLM "
      "balancedness {:.4f}, TensorRT-LLM imbalance-ratio {:.4f}\n",
      figures["gpu_loads"].get<std::string>(), figures["sglang_balancedness"].get<double>(),
      figures["vllm_balancedness"].get<double>(), figures["trtllm_imbalance_ratio"].get<double>());
}

void print_table(const Json& json) {
  fmt::print("{}: {}{}, {} windows, {} layers, {} experts\n", json["source"].get<std::string>(),
             json["format"].get<std::string>(),
             json["unit"].is_null() ? "" : ", " + json["unit"].get<std::string>() + " unit",
             json["windows"].get<int>(), json["layers"].get<int>(), json["experts"].get<int>());
  if (!json["rule"].is_null())
    fmt::print("  loads of GPUs with replicas by {}\n", json["rule_text"].get<std::string>());
  fmt::print(
      "  layer      tokens  max/mean  mean/max   gini    cv  GPUs max/mean  drift  hottest\n");
  for (const auto& l : json["layers_detail"]) {
    const auto& e = l["experts"];
    fmt::print(
        "  {:>5} {:>11.0f} {:>9.3f} {:>9.3f} {:>6.3f} {:>5.2f} {:>14} {:>6}  {}\n",
        l["layer_id"].is_null() ? l["layer"].get<int>() : l["layer_id"].get<int>(),
        l["tokens"].get<double>(), e["max_over_mean"].get<double>(),
        e["mean_over_max"].get<double>(), e["gini"].get<double>(), e["cv"].get<double>(),
        l["gpus"].is_null() ? "-" : fmt::format("{:.3f}", l["gpus"]["max_over_mean"].get<double>()),
        l["drift"].is_null() ? "-" : fmt::format("{:.3f}", l["drift"]["halves"].get<double>()),
        l["hottest"].empty() ? "-" : l["hottest"][0]["expert"].dump());
  }
  print_engine_figures(json["engine_figures"]);
}

/// The loads as JSON that every command here takes.
void save_counts(const std::vector<LoadSet>& sets, const std::string& output) {
  if (sets.size() != 1)
    throw Error(output, "", fmt::format("one set of loads can be saved, there are {}", sets.size()),
                "Choose one with --unit");
  const LoadSet& loads = sets.front();
  Json json = {{"logical_count", loads.windows}, {"ordered_in_time", loads.ordered_in_time}};
  if (!loads.layer_ids.empty()) json["layer_ids"] = loads.layer_ids;
  if (loads.top_k) json["top_k"] = *loads.top_k;
  write_text_file(output, json.dump() + "\n");
  fmt::print(stderr, "written {}: {} windows, {} layers, {} experts\n", output,
             loads.windows.size(), loads.layers(), loads.experts);
}

void run(const LoadsOptions& options) {
  if (!options.output.empty() && options.imports.size() > 1)
    throw Error(options.output, "-o", "takes the loads of one IMPORT", "Give one at a time");
  Json document = {{"schema", 1},
                   {"loads", Json::array()},
                   {"balance_logs", Json::array()},
                   {"wait_logs", Json::array()}};
  for (const auto& import : options.imports) {
    auto content = open_loads(import, command_progress(), options.reading);
    if (!options.unit.empty()) keep_unit(content.sets, import, options.unit);
    if (!options.output.empty()) save_counts(content.sets, options.output);
    for (const auto& loads : content.sets) document["loads"].push_back(load_json(loads, options));
    if (options.json) {
      if (content.balance) document["balance_logs"].push_back(balance_log_json(*content.balance));
      if (content.waits) document["wait_logs"].push_back(wait_log_json(*content.waits));
      continue;
    }
    for (const auto& note : content.notes()) fmt::print(stderr, "note: {}\n", note);
    for (const auto& loads : content.sets)
      if (const auto hint = reading_hint(loads); !loads.notes.empty() && !hint.empty())
        fmt::print(stderr, "note: {}\n", hint);
    const auto& tables = document["loads"];
    for (auto i = tables.size() - content.sets.size(); i < tables.size(); ++i)
      print_table(tables[i]);
    if (content.balance) print_balance_log(*content.balance);
    if (content.waits) print_wait_log(*content.waits);
  }
  if (options.json) print_json(document);
}

}  // namespace

void register_loads(CLI::App& app) {
  auto* command = app.add_subcommand(
      "loads",
      "Expert loads of a dump or recording: imbalance by every measure, hottest experts, drift; "
      "balance series and wait matrices of logs");
  auto options = std::make_shared<LoadsOptions>();
  command
      ->add_option("IMPORT", options->imports,
                   "Load dumps and logs: files or folders, or a .moetrace")
      ->required();
  command->add_option("--layer", options->layer, "Only this row, with all its loads");
  command->add_option("--window", options->window, "Only windows A:B (B not included)");
  add_unit_option(*command, options->unit);
  command->add_option("--gpus", options->gpus, "GPUs that share the experts, for their balance")
      ->check(CLI::Range(1, 65536));
  command->add_option("--nodes", options->nodes, "Nodes of these GPUs, for rules that prefer near")
      ->check(CLI::Range(1, 65536));
  add_rule_options(*command, options->rule);
  command
      ->add_option("--top", options->count, "How many of the hottest and coldest experts to list")
      ->check(CLI::Range(0, 65536));
  add_reading_options(*command, options->reading);
  command->add_option("-o", options->output,
                      "Also write the loads as {\"logical_count\": ..}, which every command takes");
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
