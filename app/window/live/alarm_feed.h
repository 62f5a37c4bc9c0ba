// Holds the watched runtime against the limits of the Alarms view, once a second.
#pragma once

#include <QElapsedTimer>
#include <optional>

#include "core/cluster/live_source.h"
#include "core/node/alarms.h"
#include "core/node/node_status.h"

namespace moescope {

class AlarmFeed {
 public:
  /// What to hold against the limits now; nullopt within a second of the last time, or when the
  /// state of the node is not known.
  std::optional<AlarmReading> reading(const NodeStatus* status, const LiveSnapshot& snapshot);

 private:
  QElapsedTimer since_;
};

}  // namespace moescope
