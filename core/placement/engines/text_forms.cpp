// TensorRT-LLM's YAML, and CSV for everything else.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <map>

#include "core/error.h"
#include "core/placement/engines/forms.h"

namespace moescope::engines {
namespace {

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
    throw Error(source, place, fmt::format("is no integer of 0..{}", limit));
  return value;
}

Plan read_yaml(const YAML::Node& root, const std::string& source) {
  if (!root.IsMap() || !root["num_slots"] || !root["initial_global_assignments"])
    throw Error(source, "", "has not num_slots and initial_global_assignments",
                "Expected the file that moe_config.load_balancer names");
  const int slots = yaml_number(root["num_slots"], source, "num_slots", kMaxPlanSlots);
  Plan plan;
  if (root["ep_size"])
    plan.num_gpus = yaml_number(root["ep_size"], source, "ep_size", kMaxPlanGpus);
  const auto map = root["initial_global_assignments"];
  if (!map.IsMap() || map.size() == 0 || map.size() > kMaxPlanLayers)
    throw Error(source, "initial_global_assignments", "is no map of layers");
  std::map<int, std::vector<int>> rows;
  for (const auto& entry : map) {
    const int layer = yaml_number(entry.first, source, "initial_global_assignments", 1 << 20);
    const auto place = fmt::format("layer {}", layer);
    if (rows.count(layer) != 0) throw Error(source, place, "is there twice");
    auto& row = rows[layer];
    if (!entry.second.IsSequence() || static_cast<int>(entry.second.size()) != slots)
      throw Error(source, place, fmt::format("is no list of {} slots", slots));
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

}  // namespace

std::string trtllm_text(const Plan& plan, bool report) {
  std::string text = fmt::format("num_slots: {}\n", plan.slot_count());
  if (report) text += fmt::format("ep_size: {}\n", plan.num_gpus);
  text += "initial_global_assignments:\n";
  for (int l = 0; l < plan.layers(); ++l)
    text += fmt::format("  {}: [{}]\n", plan.layer_id(l),
                        fmt::join(plan.physical_to_logical[static_cast<std::size_t>(l)], ", "));
  return text + "layer_updates_per_iter: 0\n";
}

Plan parse_trtllm(std::string_view text, const std::string& source) {
  check_yaml_size(text, source);
  try {
    return read_yaml(YAML::Load(std::string(text)), source);
  } catch (const YAML::Exception& error) {
    throw Error(source, fmt::format("line {}", error.mark.line + 1),
                fmt::format("is not valid YAML ({})", error.msg));
  }
}

std::string csv_text(const Plan& plan) {
  std::string text = "layer,slot,gpu,node,expert,replica_weight\n";
  for (std::size_t l = 0; l < plan.physical_to_logical.size(); ++l) {
    const auto& row = plan.physical_to_logical[l];
    for (std::size_t s = 0; s < row.size(); ++s) {
      const int gpu = plan.gpu_of(static_cast<int>(s));
      text += fmt::format(
          "{},{},{},{},{},{}\n", plan.layer_id(static_cast<int>(l)), s, gpu, plan.node_of_gpu(gpu),
          row[s] < 0 ? "" : std::to_string(row[s]),
          plan.replica_weight.empty() ? "" : fmt::format("{}", plan.replica_weight[l][s]));
    }
  }
  return text;
}

Plan parse_csv(std::string_view text, const std::string& source) {
  Plan plan;
  int last_gpu = -1, line = 0, last_layer = -1;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    auto rest = text.substr(from, end - from);
    from = end + 1;
    if (++line == 1) {
      if (!rest.starts_with("layer,slot,gpu,node,expert"))
        throw Error(source, "line 1", "is not the heading layer,slot,gpu,node,expert,...");
      continue;
    }
    if (rest.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    int field[5] = {};
    for (int i = 0; i < 5; ++i) {
      const auto comma = std::min(rest.find(','), rest.size());
      const auto part = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const auto [stop, failed] = std::from_chars(part.data(), part.data() + part.size(), field[i]);
      if (i == 4 && part.empty())
        field[i] = kNoExpert;
      else if (failed != std::errc() || stop != part.data() + part.size() || field[i] < 0 ||
               field[i] > 1 << 20)
        throw Error(source, fmt::format("line {}", line), fmt::format("\"{}\" is no number", part));
    }
    if (plan.layers() == 0 || field[0] != last_layer) {
      if (plan.layers() >= kMaxPlanLayers) throw Error(source, "", "has too many layers");
      plan.physical_to_logical.emplace_back();
      plan.layer_ids.push_back(last_layer = field[0]);
    }
    auto& row = plan.physical_to_logical.back();
    if (field[1] != static_cast<int>(row.size()) || field[1] >= kMaxPlanSlots)
      throw Error(source, fmt::format("line {}", line),
                  fmt::format("slot {} comes where {} is due", field[1], row.size()));
    row.push_back(field[4]);
    last_gpu = std::max(last_gpu, field[2]);
  }
  if (plan.layers() == 0) throw Error(source, "", "has no rows");
  plan.num_gpus = last_gpu + 1;
  return plan;
}

}  // namespace moescope::engines
