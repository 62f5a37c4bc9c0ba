// A node's answers in the terms of predictions.
#pragma once

#include <deque>
#include <optional>

#include "core/cluster/node_types.h"
#include "core/simulate/plan_forecast.h"

namespace moescope {

/// As the node measures it, mean over layers and units; nullopt before the first window of loads.
std::optional<double> mean_imbalance(const NodeStatus& status);

/// Mean of what a node told of its last windows. It is asked more often than it has a new one.
class ImbalanceMeter {
 public:
  /// Whether that is of another window than the one before.
  bool add(std::optional<double> imbalance);
  std::optional<double> mean() const;

 private:
  static constexpr std::size_t kWindows = 8;
  std::deque<double> windows_;
};

/// What the status tells of the engine: imbalance, overlap, and the workers of the last unit.
RunningEngine running_engine(const NodeStatus& status);

}  // namespace moescope
