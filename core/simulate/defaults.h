// The likely model and unit of a plan when they are not specified.
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
/// Name of the compiled-in unit nearest to a unit of phase `load_unit` with the plan's GPUs; that
/// of guess_unit() when `load_unit` is empty.
/// @param load_unit "prefill", "decode", or empty where the loads have no unit
/// @param model that is served: one of its own units, if it has such; empty: a unit of any model
std::string guess_unit_name(const Plan& plan, const std::string& load_unit,
                            const std::string& model = {});

}  // namespace moescope
