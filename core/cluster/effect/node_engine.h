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

/// Imbalance as the node measures it, mean over layers and units; nullopt before the first window
/// of loads.
std::optional<double> mean_imbalance(const NodeStatus& status);

/// Mean imbalance of the last windows that a node reported. The node is polled more often than it
/// has a new window.
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

/// Imbalance after a change, over the windows that a node first reports between `settle` and
/// `settle` + `window`. A window reported earlier, including the one at the end of the settling
/// time, may have begun before the change.
class SettledImbalance {
 public:
  explicit SettledImbalance(TimeNs settle = kEffectSettle, TimeNs window = kEffectWindow)
      : settle_(settle), window_(window) {}
  /// Takes the value that the node reports `since` ns after the change; called in order of time.
  void add(TimeNs since, std::optional<double> imbalance);
  /// nullopt as long as no window counts.
  std::optional<double> mean() const { return mean_of(counted_); }

 private:
  TimeNs settle_, window_;
  std::optional<double> last_;   ///< reported, whether it counts or not
  std::vector<double> counted_;  ///< one value per window
};

/// The engine as described by the status: imbalance, overlap, cores, and the workers of the last
/// unit.
RunningEngine running_engine(const NodeStatus& status);

}  // namespace moescope
