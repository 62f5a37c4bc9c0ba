// SGLang: --init-expert-location.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/placement/engines/engine_form.h"
#include "core/placement/engines/json_form.h"

namespace moescope {
namespace {

using namespace engines;
using Row = std::vector<int>;

class SglangForm final : public EngineForm {
 public:
  const char* name() const override { return "sglang"; }
  const char* title() const override { return "SGLang (JSON)"; }
  const char* suffix() const override { return "json"; }
  bool recognises(std::string_view text) const override {
    return text.find("physical_to_logical_map") != std::string_view::npos;
  }
  bool names_model_layers() const override { return true; }
  bool takes_dead_gpus() const override { return true; }
  std::string write(const Plan& plan) const override;
  Plan read(std::string_view text, const std::string& source) const override;
  /// Its axis has all layers of the model, and no empty slots.
  std::vector<Row> rows_as_written(const Plan& read, const Plan& plan) const override {
    std::vector<Row> rows;
    for (int l = 0; l < plan.layers(); ++l)
      if (const int id = plan.layer_id(l); id < read.layers())
        rows.push_back(read.physical_to_logical[static_cast<std::size_t>(id)]);
    for (auto& row : rows)
      for (std::size_t s = 0; s < row.size(); ++s)
        if (plan.dead(plan.gpu_of(static_cast<int>(s))) && row[s] == 0) row[s] = kNoExpert;
    return rows;
  }
  EngineExport describe(const Plan& plan, const std::string& file) const override;
};

/// All layers of the model up to the last one, dense layers with the trivial row: only this key,
/// since the engine refuses every other. Slots of dead GPUs hold expert 0, as its own
/// elasticity_aware algorithm leaves them: the form has no empty slots.
std::string SglangForm::write(const Plan& plan) const {
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

Plan SglangForm::read(std::string_view text, const std::string& source) const {
  const auto document = parse_json(text, source);
  const auto& map = value_at(document, "physical_to_logical_map", source);
  if (!map.is_array()) throw Error(source, "physical_to_logical_map", "is not a list");
  check_layers(map.size(), source);
  Plan plan;
  plan.num_gpus = 0;  // not in this form
  for (const auto& row : map)
    plan.physical_to_logical.push_back(
        read_row(row, source, fmt::format("layer {}", plan.layers())));
  return plan;
}

/// SGLang 0.5.23: EP ranks are TP ranks, and it picks the dispatch algorithm itself, since "static"
/// is an error without an all-to-all backend.
EngineExport SglangForm::describe(const Plan& plan, const std::string& file) const {
  EngineExport out{
      .launch = fmt::format("--tp-size {0} --ep-size {0} --init-expert-location {1} "
                            "--ep-num-redundant-experts {2}",
                            plan.num_gpus, shell_word(file), plan.slot_count() - plan.num_experts),
      .caveats = {
          "the axis is all layers of the model; dense layers hold the trivial placement. "
          "The model must have no MoE layer after the last one here",
          "SGLang does not check ids, coverage or the slot count; validate the plan first",
          "without --ep-dispatch-algorithm SGLang picks: static with an all-to-all backend, "
          "else dynamic, and it refuses static with --moe-a2a-backend none",
          "SGLang picks one replica per rank (the nearest, or a seeded draw), not equal "
          "shares: solve and judge the plan for --engine sglang, with the layers numbered as here",
          "with --enable-eplb the server replaces this plan at its first rebalance"}};
  if (!plan.dead_gpus.empty()) {
    out.launch += " --elastic-ep-backend mooncake";
    out.caveats.push_back(fmt::format(
        "slots of the dead GPUs ({}) hold expert 0, as SGLang's elasticity_aware leaves them. Only "
        "elastic EP takes ranks away: until it knows them dead, the server counts these slots as "
        "replicas of expert 0",
        fmt::join(plan.dead_gpus, ", ")));
  }
  return out;
}

}  // namespace

const EngineForm& sglang_form() {
  static const SglangForm form;
  return form;
}

}  // namespace moescope
