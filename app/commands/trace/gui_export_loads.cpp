#include "app/commands/trace/gui_export_loads.h"

#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/window_range.h"
#include "core/error.h"
#include "core/loads/open/sniff.h"
#include "core/loads/rule_of_loads.h"
#include "views/balance/balance_file_chart.h"
#include "views/load/load_file_chart.h"

namespace moescope {
namespace {

const std::map<std::string, LoadPictureKind> kHeatmaps = {
    {"layer-expert", LoadPictureKind::LayerExpert},
    {"gpu-layer", LoadPictureKind::GpuLayer},
    {"expert-time", LoadPictureKind::ExpertTime},
    {"node-layer", LoadPictureKind::NodeLayer},
    {"layer-group", LoadPictureKind::LayerGroup}};
const std::map<std::string, HeatScale> kScales = {
    {"relative", HeatScale::Relative}, {"linear", HeatScale::Linear}, {"log", HeatScale::Log}};

template <typename Map>
std::vector<std::string> names(const Map& map) {
  std::vector<std::string> result;
  for (const auto& [name, value] : map) result.push_back(name);
  return result;
}

void open_files(const std::vector<std::string>& files, LoadDocument& document) {
  for (const auto& file : files) {
    if (std::filesystem::exists(file) && sniff_load_input(file) == LoadInput::None)
      throw Error(file, "", "holds no expert loads and no balance log",
                  "Choose timeline, overlap or sm, or give a load dump");
    document.setContent(open_loads(file, command_progress()), {QString::fromStdString(file)});
  }
}

/// GPU figures of the chart are those under the replica rule, which is said on stderr.
void apply_rule(const RuleChoice& choice, LoadDocument& document) {
  const Plan& plan = document.placement()->plan;
  const LoadSet& loads = *document.loads();
  const ReplicaRule rule = chosen_rule(choice, loads, plan);
  fmt::print(stderr, "replicas by {}\n", rule_text(rule, !sources_of_plan(loads, plan).empty()));
  if (Plan ruled = under_rule(plan, rule, loads); ruled != plan)
    document.setPlan(std::make_shared<const Plan>(std::move(ruled)));
  document.setRule(rule);  // the chart names it
}

void choose(const LoadChartOptions& options, const std::string& source, LoadDocument& document) {
  if (!options.unit.empty()) {
    int found = -1;
    for (std::size_t i = 0; i < document.sets().size(); ++i)
      if (document.sets()[i]->unit == options.unit) found = static_cast<int>(i);
    if (found < 0) throw Error(source, "--unit", "has no loads of the " + options.unit + " unit");
    document.showSet(found);
  }
  const LoadsPtr& loads = document.loads();
  if (!loads) return;
  const auto range = parse_window(options.window, static_cast<int>(loads->windows.size()));
  document.setWindows({range.first, range.second});
  if (options.gpus) document.setAssumed({.gpus = *options.gpus});
  if (!options.plan.empty()) {
    document.setPlan(std::make_shared<const Plan>(load_plan(options.plan)));
    if (const auto& note = document.placement()->note; !note.empty())
      throw Error(options.plan, "", note, "Give the plan of these loads");
  }
  apply_rule(options.rule, document);
  if (options.layer && (*options.layer < 0 || *options.layer >= loads->layers()))
    throw Error(source, "--layer", fmt::format("there is no layer {}", *options.layer),
                fmt::format("Give 0..{}", loads->layers() - 1));
}

}  // namespace

void add_load_chart_options(CLI::App& command, LoadChartOptions& options) {
  command.add_option("--heatmap", options.heatmap, "What the load chart shows")
      ->check(CLI::IsMember(names(kHeatmaps)));
  command.add_option("--scale", options.scale, "Colours of the load chart")
      ->check(CLI::IsMember(names(kScales)));
  command.add_option("--plan", options.plan, "Plan file that GPU figures are of");
  command
      .add_option("--gpus", options.gpus,
                  "GPUs that share the experts, when the files do not have their number")
      ->check(CLI::Range(1, 65536));
  add_rule_options(command, options.rule);
  command.add_option("--layer", options.layer, "Row of the loads, for expert-time and GPUs");
  command.add_option("--window", options.window, "Only windows A:B of the loads (B not included)");
  add_unit_option(command, options.unit);
}

void export_load_chart(const std::vector<std::string>& files, const std::string& chart,
                       const LoadChartOptions& options, const QString& output, QSize size,
                       const Theme& theme) {
  LoadDocument document;
  open_files(files, document);
  choose(options, files.front(), document);
  if (chart == "balance") {
    BalanceFileChart balance(document, options.layer.value_or(-1), command_progress());
    return export_chart(balance, output, size, theme);
  }
  if (!document.loads())
    throw Error(files.front(), "", "is a log, which has no loads of experts",
                "Choose --chart balance");
  if (options.heatmap == "node-layer" && document.placement()->plan.num_nodes < 2)
    throw Error(files.front(), "", "all GPUs are on one node, so there are no nodes to compare",
                "Draw GPUs by layer, or give a plan that says which nodes they are on",
                "--heatmap gpu-layer, --plan");
  LoadFileChart load(document, kHeatmaps.at(options.heatmap), kScales.at(options.scale),
                     options.layer.value_or(0));
  export_chart(load, output, size, theme);
}

}  // namespace moescope
