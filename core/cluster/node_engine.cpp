#include "core/cluster/node_engine.h"

namespace moescope {

std::optional<double> mean_imbalance(const NodeStatus& status) {
  std::vector<double> layers;
  for (const NodeUnit& unit : status.units)
    layers.insert(layers.end(), unit.imbalance.begin(), unit.imbalance.end());
  return mean_of(layers);
}

bool ImbalanceMeter::add(std::optional<double> imbalance) {
  if (!imbalance || (!windows_.empty() && windows_.back() == *imbalance)) return false;
  windows_.push_back(*imbalance);
  if (windows_.size() > kWindows) windows_.pop_front();
  return true;
}

std::optional<double> ImbalanceMeter::mean() const {
  return mean_of({windows_.begin(), windows_.end()});
}

RunningEngine running_engine(const NodeStatus& status) {
  RunningEngine engine;
  engine.imbalance = mean_imbalance(status);
  engine.overlap = status.overlap;
  if (!status.units.empty()) {
    engine.workers = status.units.back().granted.workers;
    engine.comm_workers = status.units.back().granted.communication;
  }
  return engine;
}

}  // namespace moescope
