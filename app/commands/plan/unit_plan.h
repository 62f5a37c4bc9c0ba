// Loads and plans of a serving unit where none are given.
#pragma once

#include <utility>

#include "core/loads/load_set.h"
#include "core/placement/plan.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"

namespace moescope {

/// Equal loads for all experts of a model.
LoadSet even_loads(const ModelShape& model);

/// A plan for the unit, made from windows [first, last) of the loads. Throws Error, Cancelled.
Plan plan_for(const ServingUnit& unit, const ModelShape& model, const LoadSet& loads,
              std::pair<int, int> windows);

}  // namespace moescope
