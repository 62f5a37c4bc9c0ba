// A node's answers in the terms of predictions.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "core/analysis/serving/plan_effect.h"
#include "core/mean.h"
#include "core/node/node_status.h"
#include "core/simulate/plan_forecast.h"

namespace moescope {

/// As the node measures it, mean over layers and units; nullopt before the first window of loads.
std::optional<double> mean_imbalance(const NodeStatus& status);

/// Mean of what a node told of its last windows. It is asked more often than it has a new one.
class ImbalanceMeter {
 public:
  void add(std::optional<double> imbalance);
  std::optional<double> mean() const;
  std::optional<double> last() const {
    return windows_.empty() ? std::nullopt : std::optional(windows_.back());
  }

 private:
  static constexpr std::size_t kWindows = 8;
  std::deque<double> windows_;
};

/// Imbalance after a change, of the windows that a node tells of first after `settle` and not later
/// than `settle` + `window`: one that it told of before, also the one that ends the settling time,
/// may have begun before the change.
class SettledImbalance {
 public:
  explicit SettledImbalance(TimeNs settle = kEffectSettle, TimeNs window = kEffectWindow)
      : settle_(settle), window_(window) {}
  /// What the node tells at `since`, ns after the change; called in order of time.
  void add(TimeNs since, std::optional<double> imbalance);
  /// nullopt as long as no window counts.
  std::optional<double> mean() const { return mean_of(counted_); }

 private:
  TimeNs settle_, window_;
  std::optional<double> told_;   ///< last, whether it counts or not
  std::vector<double> counted_;  ///< a value a window
};

/// What the status tells of the engine: imbalance, overlap, cores, and the workers of the last
/// unit.
RunningEngine running_engine(const NodeStatus& status);

}  // namespace moescope
