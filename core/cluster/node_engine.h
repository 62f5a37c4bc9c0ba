// A node's answers in the terms of predictions.
#pragma once

#include <optional>

#include "core/cluster/node_types.h"
#include "core/simulate/plan_forecast.h"

namespace moescope {

/// As the node measures it, mean over layers and units; nullopt before the first window of loads.
std::optional<double> mean_imbalance(const NodeStatus& status);
/// What the status tells of the engine: imbalance, overlap, and the workers of the last unit.
RunningEngine running_engine(const NodeStatus& status);

}  // namespace moescope
