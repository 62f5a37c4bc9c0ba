// Which model and unit a plan is likely for, when nobody says.
#pragma once

#include <optional>
#include <string>

#include "core/placement/plan.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"

namespace moescope {

/// The compiled-in model with as many experts and MoE layers, else with as many experts when there
/// is one such model only; nullopt otherwise.
std::optional<ModelShape> guess_model(int experts, int layers);

/// The compiled-in unit with the plan's GPUs and slots, else one with as many GPUs, else any, of
/// the phase that the slots of a GPU suggest (prefill from 4 on), on the plan's machine.
ServingUnit guess_unit(const Plan& plan);
/// Name of the compiled-in unit that is nearest to a unit of the told phase with the plan's GPUs:
/// the one of guess_unit() when none is told.
/// @param told "prefill", "decode", or empty where loads do not tell
/// @param model that is served: one of its own units, if it has such; empty: a unit of any model
std::string guess_unit_name(const Plan& plan, const std::string& told,
                            const std::string& model = {});

}  // namespace moescope
