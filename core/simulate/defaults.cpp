#include "core/simulate/defaults.h"

#include <vector>

#include "core/simulate/model/description.h"
#include "core/simulate/predict.h"

namespace moescope {

std::optional<ModelShape> guess_model(int experts, int layers) {
  std::vector<ModelShape> alike;
  for (const auto& name : description_names("models")) {
    auto model = load_model_shape(name);
    if (model.experts != experts) continue;
    if (model.moe_layers() == layers) return model;
    alike.push_back(std::move(model));
  }
  if (alike.size() != 1) return std::nullopt;
  return alike.front();
}

std::string guess_unit_name(const Plan& plan, const std::string& load_unit,
                            const std::string& model) {
  constexpr int kPrefillSlots = 4;
  const bool prefill = load_unit.empty() ? plan.slots_per_gpu() >= kPrefillSlots
                                         : load_unit == to_string(Phase::Prefill);
  const Phase phase = prefill ? Phase::Prefill : Phase::Decode;
  std::string as_large;
  for (const auto& name : description_names("units")) {
    const auto unit = moescope::load_unit(name);
    if (!unit.model.empty() && unit.model == model && unit.phase == phase) return name;
    if (!unit.model.empty() || unit.gpus != plan.num_gpus) continue;
    if (unit.slot_count == plan.slot_count() && (load_unit.empty() || unit.phase == phase))
      return name;
    if (unit.phase == phase && as_large.empty()) as_large = name;
  }
  if (!as_large.empty()) return as_large;
  return prefill ? "prefill32" : "decode144";
}

ServingUnit guess_unit(const Plan& plan) {
  return unit_on(load_unit(guess_unit_name(plan, {})), plan);
}

}  // namespace moescope
