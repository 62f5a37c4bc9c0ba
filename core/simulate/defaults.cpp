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
  for (const auto& name : description_names("units")) {
    const auto unit = load_unit(name);
    if (unit.gpus == plan.num_gpus && unit.slot_count == plan.slot_count())
      return unit_on(unit, plan);
  }
  return unit_on(load_unit(plan.slots_per_gpu() >= kPrefillSlots ? "prefill32" : "decode144"),
                 plan);
}

}  // namespace moescope
