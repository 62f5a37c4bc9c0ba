// vLLM: the mapping of an open pull request.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/placement/engines/engine_form.h"
#include "core/placement/engines/json_form.h"

namespace moescope {
namespace {

using namespace engines;

class VllmForm final : public EngineForm {
 public:
  const char* name() const override { return "vllm"; }
  const char* title() const override { return "vLLM mapping (JSONL, experimental)"; }
  const char* suffix() const override { return "jsonl"; }
  bool recognises(std::string_view text) const override {
    return text.find("eplb_initial_mapping") != std::string_view::npos;
  }
  bool takes_dead_gpus() const override { return true; }
  std::string write(const Plan& plan) const override;
  Plan read(std::string_view text, const std::string& source) const override;
  EngineExport describe(const Plan& plan, const std::string& file) const override;
};

std::string VllmForm::write(const Plan& plan) const {
  std::string rows;
  for (int l = 0; l < plan.layers(); ++l)
    rows += fmt::format("{}\"{}\": [{}]", l == 0 ? "" : ", ", l,
                        fmt::join(plan.physical_to_logical[static_cast<std::size_t>(l)], ", "));
  return fmt::format(
      "{{\"record_type\": \"eplb_initial_mapping\", \"version\": 1, \"num_redundant_experts\": {}, "
      "\"num_slots\": {}, \"initial_global_assignments\": {{{}}}}}\n",
      plan.slot_count() - plan.num_experts, plan.slot_count(), rows);
}

Plan VllmForm::read(std::string_view text, const std::string& source) const {
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    from = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto record = parse_json(line, source);
    if (!record.is_object() || record.value("record_type", Json()) != "eplb_initial_mapping")
      continue;  // other record types may stand in the file
    if (number_at(record, "version", 1000, source) != 1) throw Error(source, "version", "is not 1");
    const int slots = number_at(record, "num_slots", kMaxPlanSlots, source);
    const int redundant = number_at(record, "num_redundant_experts", kMaxPlanSlots, source);
    const auto& map = value_at(record, "initial_global_assignments", source);
    if (!map.is_object()) throw Error(source, "initial_global_assignments", "is not an object");
    check_layers(map.size(), source);
    Plan plan;
    plan.num_gpus = 0;  // not in this form
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

/// vLLM 0.33 takes no plan: its EplbConfig refuses unknown keys.
EngineExport VllmForm::describe(const Plan& plan, const std::string& file) const {
  const int redundant = plan.slot_count() - plan.num_experts;
  const auto line = [&](const Json& config) {
    return fmt::format(
        "--data-parallel-size {} --enable-expert-parallel --enable-eplb "
        "--eplb-config {}",
        plan.num_gpus, shell_word(one_line(config), true));
  };
  EngineExport out{
      .launch = line({{"num_redundant_experts", redundant}}),
      .caveats = {
          "vLLM 0.33 reads no plan: this line gives it the slots, and it fills them by its "
          "own EPLB, whose plan a solve that is compatible with numpy makes too",
          "experimental: a build with the open pull request vllm-project/vllm#41141 reads this "
          "file: " +
              line({{"num_redundant_experts", redundant},
                    {"initial_mapping_path", file},
                    {"disable_online_rebalancing", true}}),
          fmt::format("the product of tensor and data parallel sizes must be {}; "
                      "num_redundant_experts is refused without --enable-eplb, and that "
                      "without --enable-expert-parallel",
                      plan.num_gpus),
          "layers are MoE layers counted from 0, without the dense ones",
          "a different number of redundant experts is refused"}};
  if (!plan.dead_gpus.empty())
    out.caveats.push_back(
        fmt::format("slots of the dead GPUs ({}) hold -1, as vLLM's elastic EP pads them",
                    fmt::join(plan.dead_gpus, ", ")));
  return out;
}

}  // namespace

const EngineForm& vllm_form() {
  static const VllmForm form;
  return form;
}

}  // namespace moescope
