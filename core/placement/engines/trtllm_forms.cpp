// TensorRT-LLM: the YAML of its server, and that of its report script.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <map>

#include "core/error.h"
#include "core/placement/engines/engine_form.h"
#include "core/placement/engines/json_form.h"

namespace moescope {
namespace {

using namespace engines;

/// 94 layers of 1,024 slots take 0.6 MiB.
constexpr std::size_t kMaxYamlBytes = std::size_t{8} << 20;
/// Brackets that stand in each other: a map of layers with a list of slots each.
constexpr int kMaxYamlDepth = 4;

/// The YAML parser looks for the end of every open bracket before it gives the first one out, and
/// takes half a minute for some megabytes of them. Quoted brackets count too: ids need no quotes.
void check_yaml_size(std::string_view text, const std::string& source) {
  if (text.size() > kMaxYamlBytes)
    throw Error(source, "", fmt::format("is larger than {} MiB", kMaxYamlBytes >> 20),
                "Check that this is the right file");
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++depth;
    if ((text[i] == ']' || text[i] == '}') && depth > 0) --depth;
    if (depth > kMaxYamlDepth)
      throw Error(source, fmt::format("byte {}", i), "is nested deeper than a placement",
                  "Expected the file that moe_config.load_balancer names");
  }
}

int yaml_number(const YAML::Node& node, const std::string& source, const std::string& place,
                int limit) {
  int value = -1;
  if (node.IsScalar()) {
    const auto& text = node.Scalar();
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) value = -1;
  }
  if (value < 0 || value > limit)
    throw Error(source, place, fmt::format("is not an integer of 0..{}", limit));
  return value;
}

Plan read_yaml(const YAML::Node& root, const std::string& source) {
  if (!root.IsMap() || !root["num_slots"] || !root["initial_global_assignments"])
    throw Error(source, "", "lacks num_slots or initial_global_assignments",
                "Expected the file that moe_config.load_balancer names");
  const int slots = yaml_number(root["num_slots"], source, "num_slots", kMaxPlanSlots);
  Plan plan;
  plan.num_gpus = 0;  // only in the form of the report script
  if (root["ep_size"])
    plan.num_gpus = yaml_number(root["ep_size"], source, "ep_size", kMaxPlanGpus);
  const auto map = root["initial_global_assignments"];
  if (!map.IsMap() || map.size() == 0 || map.size() > kMaxPlanLayers)
    throw Error(source, "initial_global_assignments", "is not a map of layers");
  std::map<int, std::vector<int>> rows;
  for (const auto& entry : map) {
    const int layer = yaml_number(entry.first, source, "initial_global_assignments", 1 << 20);
    const auto place = fmt::format("layer {}", layer);
    if (rows.count(layer) != 0) throw Error(source, place, "is there twice");
    auto& row = rows[layer];
    if (!entry.second.IsSequence() || static_cast<int>(entry.second.size()) != slots)
      throw Error(source, place, fmt::format("is not a list of {} slots", slots));
    for (const auto& expert : entry.second)
      row.push_back(yaml_number(expert, source, fmt::format("{}, slot {}", place, row.size()),
                                kMaxPlanExperts - 1));
  }
  for (auto& [layer, row] : rows) {
    plan.layer_ids.push_back(layer);
    plan.physical_to_logical.push_back(std::move(row));
  }
  return plan;
}

/// Both forms; the server refuses the key that the script needs.
class TrtllmForm final : public EngineForm {
 public:
  explicit TrtllmForm(bool report) : report_(report) {}
  const char* name() const override { return report_ ? "trtllm-report" : "trtllm"; }
  const char* title() const override {
    return report_ ? "TensorRT-LLM, report script (YAML)" : "TensorRT-LLM, server (YAML, strict)";
  }
  const char* suffix() const override { return "yaml"; }
  bool recognises(std::string_view text) const override {
    const auto has = [text](const char* word) { return text.find(word) != std::string_view::npos; };
    return !report_ && has("initial_global_assignments") && !has("eplb_initial_mapping");
  }
  bool read_as_another() const override { return report_; }
  bool names_model_layers() const override { return true; }
  std::string write(const Plan& plan) const override;
  Plan read(std::string_view text, const std::string& source) const override;
  EngineExport describe(const Plan& plan, const std::string& file) const override;

 private:
  bool report_;
};

std::string TrtllmForm::write(const Plan& plan) const {
  std::string text = fmt::format("num_slots: {}\n", plan.slot_count());
  if (report_) text += fmt::format("ep_size: {}\n", plan.num_gpus);
  text += "initial_global_assignments:\n";
  for (int l = 0; l < plan.layers(); ++l)
    text += fmt::format("  {}: [{}]\n", plan.layer_id(l),
                        fmt::join(plan.physical_to_logical[static_cast<std::size_t>(l)], ", "));
  return text + "layer_updates_per_iter: 0\n";
}

Plan TrtllmForm::read(std::string_view text, const std::string& source) const {
  check_yaml_size(text, source);
  try {
    return read_yaml(YAML::Load(std::string(text)), source);
  } catch (const YAML::Exception& error) {
    throw Error(source, fmt::format("line {}", error.mark.line + 1),
                fmt::format("is not valid YAML ({})", error.msg));
  }
}

/// `text` as a YAML scalar.
std::string yaml_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+./-";
  if (!text.empty() && text[0] != '-' && text.find_first_not_of(kPlain) == std::string::npos)
    return text;
  return one_line(text);
}

EngineExport TrtllmForm::describe(const Plan& plan, const std::string& file) const {
  if (report_)
    return {.launch = fmt::format("python report_load_statistics.py --expert_statistic_path "
                                  "EXPERT_STATISTIC_PATH --projection_eplb_config_path {}",
                                  shell_word(file)),
            .caveats = {"put the folder of the recorded statistics for EXPERT_STATISTIC_PATH: the "
                        "script needs it",
                        "the ep_size key is for the report script only: the server's strict loader "
                        "refuses this file, export the plan as TensorRT-LLM for it"}};
  return {
      .launch = fmt::format("moe_config:\n  load_balancer: {}", yaml_word(file)),
      .caveats = {fmt::format("start with moe_expert_parallel_size {}: num_slots must divide by it",
                              plan.num_gpus),
                  "every MoE layer of the model must be in the file, else the server stops with "
                  "a KeyError",
                  "layer_updates_per_iter is 0: the plan stays as it is"}};
}

}  // namespace

const EngineForm& trtllm_form() {
  static const TrtllmForm form(false);
  return form;
}
const EngineForm& trtllm_report_form() {
  static const TrtllmForm form(true);
  return form;
}

}  // namespace moescope
