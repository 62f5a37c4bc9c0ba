// Which model and unit a plan is likely for, when nobody says.
#pragma once

#include <optional>
#include <string>

#include "core/placement/plan.h"
#include "core/simulate/model.h"
#include "core/simulate/unit.h"

namespace moescope {

/// The compiled-in model with as many experts and MoE layers, else with as many experts when there
/// is one such model only; nullopt otherwise.
std::optional<ModelShape> guess_model(int experts, int layers);

/// The compiled-in unit with the plan's GPUs and slots, else one with as many GPUs, else any, of
/// the phase that the slots of a GPU suggest (prefill from 4 on), on the plan's machine.
ServingUnit guess_unit(const Plan& plan);

}  // namespace moescope
