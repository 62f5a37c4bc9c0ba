// vllm-ascend: expert_map_path.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/placement/engines/engine_form.h"
#include "core/placement/engines/json_form.h"

namespace moescope {
namespace {

using namespace engines;
using Row = std::vector<int>;

class VllmAscendForm final : public EngineForm {
 public:
  const char* name() const override { return "vllm-ascend"; }
  const char* title() const override { return "vllm-ascend expert map (JSON)"; }
  const char* suffix() const override { return "json"; }
  bool recognises(std::string_view text) const override {
    return text.find("layer_list") != std::string_view::npos;
  }
  void check_name(const std::filesystem::path& file) const override {
    if (file.extension() != ".json")
      throw Error(file.string(), "", "vllm-ascend takes only files that end in .json",
                  "Choose another name");
  }
  std::string write(const Plan& plan) const override;
  Plan read(std::string_view text, const std::string& source) const override;
  EngineExport describe(const Plan& plan, const std::string& file) const override;
};

std::string VllmAscendForm::write(const Plan& plan) const {
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

Plan VllmAscendForm::read(std::string_view text, const std::string& source) const {
  const auto document = parse_json(text, source);
  const int count = number_at(document, "moe_layer_count", kMaxPlanLayers, source);
  const auto& layers = value_at(document, "layer_list", source);
  if (!layers.is_array()) throw Error(source, "layer_list", "is not a list");
  check_layers(layers.size(), source);
  if (static_cast<int>(layers.size()) != count)
    throw Error(source, "layer_list",
                fmt::format("has {} layers, moe_layer_count says {}", layers.size(), count));
  Plan plan;
  for (const auto& layer : layers) {
    const auto place = fmt::format("layer_list[{}]", plan.layers());
    const int gpus = number_at(layer, "device_count", kMaxPlanGpus, source);
    const auto& devices = value_at(layer, "device_list", source);
    if (!devices.is_array() || static_cast<int>(devices.size()) != gpus || gpus < 1)
      throw Error(source, place, "does not have device_count devices");
    std::vector<Row> by_device(devices.size());
    for (const auto& device : devices) {
      const int id = number_at(device, "device_id", gpus - 1, source);
      auto& row = by_device[static_cast<std::size_t>(id)];
      if (!row.empty()) throw Error(source, place, fmt::format("names device {} twice", id));
      row = read_row(value_at(device, "device_expert", source), source,
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

EngineExport VllmAscendForm::describe(const Plan& plan, const std::string& file) const {
  const Json config = {{"eplb_config",
                        {{"expert_map_path", file},
                         {"num_redundant_experts", plan.slot_count() - plan.num_experts}}}};
  return {.launch =
              "--enable-expert-parallel --additional-config " + shell_word(one_line(config), true),
          .caveats = {
              "vllm-ascend 0.30.0rc2 still takes static maps; model runner V2 uses upstream EPLB "
              "only",
              "layers are taken by position; layer_id is not consulted",
              "the file name must end in .json"}};
}

}  // namespace

const EngineForm& vllm_ascend_form() {
  static const VllmAscendForm form;
  return form;
}

}  // namespace moescope
