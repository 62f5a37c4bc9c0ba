#include "core/simulate/defaults.h"

#include <vector>

#include "core/simulate/description.h"
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

ServingUnit guess_unit(const Plan& plan) {
  constexpr int kPrefillSlots = 4;
  std::optional<ServingUnit> as_large;
  const Phase phase = plan.slots_per_gpu() >= kPrefillSlots ? Phase::Prefill : Phase::Decode;
  for (const auto& name : description_names("units")) {
    auto unit = load_unit(name);
    if (unit.gpus != plan.num_gpus) continue;
    if (unit.slot_count == plan.slot_count()) return unit_on(unit, plan);
    if (unit.phase == phase && !as_large) as_large = std::move(unit);
  }
  if (as_large) return unit_on(*as_large, plan);
  return unit_on(load_unit(phase == Phase::Prefill ? "prefill32" : "decode144"), plan);
}

}  // namespace moescope
