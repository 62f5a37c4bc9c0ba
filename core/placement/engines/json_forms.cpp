// SGLang, vLLM and vllm-ascend: their JSON forms.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/placement/engines/forms.h"

namespace moescope::engines {
namespace {

using Json = nlohmann::json;
using Row = std::vector<int>;

Json parse(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(source, "", fmt::format("is not valid JSON ({})", error.what()));
  }
}

/// @param least kNoExpert where the form has empty slots, else 0
Row read_row(const Json& value, const std::string& source, const std::string& place,
             int least = 0) {
  if (!value.is_array() || value.size() > kMaxPlanSlots)
    throw Error(source, place, "is no list of experts");
  Row row;
  row.reserve(value.size());
  for (const auto& e : value) {
    if (!e.is_number_integer() || e < least || e >= kMaxPlanExperts)
      throw Error(source, fmt::format("{}, slot {}", place, row.size()),
                  fmt::format("holds {}, expected an expert id", e.dump()));
    row.push_back(e.get<int>());
  }
  return row;
}

/// The value of a key, or an error that names it.
const Json& at(const Json& object, const char* key, const std::string& source) {
  if (!object.is_object() || !object.contains(key)) throw Error(source, key, "is missing");
  return object[key];
}

int number(const Json& object, const char* key, int limit, const std::string& source) {
  const auto& v = at(object, key, source);
  if (!v.is_number_integer() || v < 0 || v > limit)
    throw Error(source, key, fmt::format("is {}, expected 0..{}", v.dump(), limit));
  return v.get<int>();
}

void check_layers(std::size_t layers, const std::string& source) {
  if (layers == 0 || layers > kMaxPlanLayers)
    throw Error(source, "", fmt::format("has {} layers, expected 1..{}", layers, kMaxPlanLayers));
}

}  // namespace

Row trivial_row(int experts, int slots) {
  Row row;
  for (int s = 0; s < slots; ++s) row.push_back(s % experts);
  return row;
}

/// All layers of the model up to the last one, dense layers with the trivial row: only this key,
/// since the engine refuses every other. Slots of dead GPUs hold expert 0, as its own
/// elasticity_aware algorithm leaves them: the form has no empty slots.
std::string sglang_text(const Plan& plan) {
  std::map<int, const Row*> rows;
  for (int l = 0; l < plan.layers(); ++l)
    rows[plan.layer_id(l)] = &plan.physical_to_logical[static_cast<std::size_t>(l)];
  const Row trivial = trivial_row(plan.num_experts, plan.slot_count());
  std::string text = "{\"physical_to_logical_map\": [\n";
  const int last = rows.rbegin()->first;
  for (int layer = 0; layer <= last; ++layer) {
    const auto it = rows.find(layer);
    Row row = it == rows.end() ? trivial : *it->second;
    std::replace(row.begin(), row.end(), kNoExpert, 0);
    text += fmt::format("[{}]{}\n", fmt::join(row, ", "), layer < last ? "," : "");
  }
  return text + "]}\n";
}

Plan parse_sglang(std::string_view text, const std::string& source) {
  const auto document = parse(text, source);
  const auto& map = at(document, "physical_to_logical_map", source);
  if (!map.is_array()) throw Error(source, "physical_to_logical_map", "is no list");
  check_layers(map.size(), source);
  Plan plan;
  for (const auto& row : map)
    plan.physical_to_logical.push_back(
        read_row(row, source, fmt::format("layer {}", plan.layers())));
  return plan;
}

std::string vllm_text(const Plan& plan) {
  std::string rows;
  for (int l = 0; l < plan.layers(); ++l)
    rows += fmt::format("{}\"{}\": [{}]", l == 0 ? "" : ", ", l,
                        fmt::join(plan.physical_to_logical[static_cast<std::size_t>(l)], ", "));
  return fmt::format(
      "{{\"record_type\": \"eplb_initial_mapping\", \"version\": 1, \"num_redundant_experts\": {}, "
      "\"num_slots\": {}, \"initial_global_assignments\": {{{}}}}}\n",
      plan.slot_count() - plan.num_experts, plan.slot_count(), rows);
}

Plan parse_vllm(std::string_view text, const std::string& source) {
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    from = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto record = parse(line, source);
    if (!record.is_object() || record.value("record_type", Json()) != "eplb_initial_mapping")
      continue;  // other record types may stand in the file
    if (number(record, "version", 1000, source) != 1) throw Error(source, "version", "is not 1");
    const int slots = number(record, "num_slots", kMaxPlanSlots, source);
    const int redundant = number(record, "num_redundant_experts", kMaxPlanSlots, source);
    const auto& map = at(record, "initial_global_assignments", source);
    if (!map.is_object()) throw Error(source, "initial_global_assignments", "is no object");
    check_layers(map.size(), source);
    Plan plan;
    for (std::size_t l = 0; l < map.size(); ++l) {
      const auto key = std::to_string(l);
      if (!map.contains(key))
        throw Error(source, "initial_global_assignments", fmt::format("has no layer {}", l),
                    "vLLM counts MoE layers from 0 without gaps");
      auto row = read_row(map[key], source, "layer " + key, kNoExpert);
      if (static_cast<int>(row.size()) != slots)
        throw Error(source, "layer " + key,
                    fmt::format("has {} slots, num_slots says {}", row.size(), slots));
      plan.physical_to_logical.push_back(std::move(row));
    }
    plan.num_experts = slots - redundant;
    if (plan.num_experts < 1) throw Error(source, "num_redundant_experts", "leaves no expert");
    return plan;
  }
  throw Error(source, "", "has no eplb_initial_mapping record");
}

std::string vllm_ascend_text(const Plan& plan) {
  std::string layers;
  for (int l = 0; l < plan.layers(); ++l) {
    const auto& row = plan.physical_to_logical[static_cast<std::size_t>(l)];
    std::string devices;
    for (int g = 0; g < plan.num_gpus; ++g) {
      const auto begin = row.begin() + g * plan.slots_per_gpu();
      const Row experts(begin, begin + plan.slots_per_gpu());
      auto sorted = experts;
      std::sort(sorted.begin(), sorted.end());
      if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        throw Error("", fmt::format("layer {}, GPU {}", l, g),
                    "holds an expert twice, of which vllm-ascend would keep only the last",
                    "Solve again: plans of `plan solve` hold no expert twice on a GPU");
      devices += fmt::format("{}\n    {{\"device_id\": {}, \"device_expert\": [{}]}}",
                             g == 0 ? "" : ",", g, fmt::join(experts, ", "));
    }
    layers += fmt::format("{}\n  {{\"layer_id\": {}, \"device_count\": {}, \"device_list\": [{}]}}",
                          l == 0 ? "" : ",", l, plan.num_gpus, devices);
  }
  return fmt::format("{{\"moe_layer_count\": {}, \"layer_list\": [{}\n]}}\n", plan.layers(),
                     layers);
}

Plan parse_vllm_ascend(std::string_view text, const std::string& source) {
  const auto document = parse(text, source);
  const int count = number(document, "moe_layer_count", kMaxPlanLayers, source);
  const auto& layers = at(document, "layer_list", source);
  if (!layers.is_array()) throw Error(source, "layer_list", "is no list");
  check_layers(layers.size(), source);
  if (static_cast<int>(layers.size()) != count)
    throw Error(source, "layer_list",
                fmt::format("has {} layers, moe_layer_count says {}", layers.size(), count));
  Plan plan;
  for (const auto& layer : layers) {
    const auto place = fmt::format("layer_list[{}]", plan.layers());
    const int gpus = number(layer, "device_count", kMaxPlanGpus, source);
    const auto& devices = at(layer, "device_list", source);
    if (!devices.is_array() || static_cast<int>(devices.size()) != gpus || gpus < 1)
      throw Error(source, place, "has not device_count devices");
    std::vector<Row> by_device(devices.size());
    for (const auto& device : devices) {
      const int id = number(device, "device_id", gpus - 1, source);
      auto& row = by_device[static_cast<std::size_t>(id)];
      if (!row.empty()) throw Error(source, place, fmt::format("names device {} twice", id));
      row = read_row(at(device, "device_expert", source), source,
                     fmt::format("{}, device {}", place, id));
      if (row.empty()) throw Error(source, place, fmt::format("device {} holds nothing", id));
    }
    Row all;
    for (const auto& row : by_device) {
      if (row.size() != by_device[0].size())
        throw Error(source, place, "has devices with different numbers of experts",
                    "vllm-ascend needs equal lists");
      all.insert(all.end(), row.begin(), row.end());
    }
    if (plan.layers() == 0) plan.num_gpus = gpus;
    if (plan.num_gpus != gpus)
      throw Error(source, place,
                  fmt::format("has {} devices, layer 0 has {}", gpus, plan.num_gpus));
    plan.physical_to_logical.push_back(std::move(all));
  }
  return plan;
}

}  // namespace moescope::engines
