#include "core/cluster/effect/node_engine.h"

namespace moescope {

std::optional<double> mean_imbalance(const NodeStatus& status) {
  std::vector<double> layers;
  for (const NodeUnit& unit : status.units)
    layers.insert(layers.end(), unit.imbalance.begin(), unit.imbalance.end());
  return mean_of(layers);
}

void ImbalanceMeter::add(std::optional<double> imbalance) {
  if (!imbalance || (!windows_.empty() && windows_.back() == *imbalance)) return;
  windows_.push_back(*imbalance);
  if (windows_.size() > kWindows) windows_.pop_front();
}

std::optional<double> ImbalanceMeter::mean() const {
  return mean_of({windows_.begin(), windows_.end()});
}

void SettledImbalance::add(TimeNs since, std::optional<double> imbalance) {
  if (!imbalance || imbalance == last_) return;
  last_ = imbalance;
  if (since > settle_ && since <= settle_ + window_) counted_.push_back(*imbalance);
}

RunningEngine running_engine(const NodeStatus& status) {
  RunningEngine engine;
  engine.imbalance = mean_imbalance(status);
  engine.overlap = status.overlap;
  engine.cores = status.cores;
  if (!status.units.empty()) {
    engine.workers = status.units.back().granted.workers;
    engine.comm_workers = status.units.back().granted.communication;
  }
  return engine;
}

}  // namespace moescope
