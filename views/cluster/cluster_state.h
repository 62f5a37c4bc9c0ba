// What the cluster view shows of a runtime that is watched live.
#pragma once

#include <QString>
#include <algorithm>
#include <optional>

#include "core/cluster/live_state.h"
#include "core/node/node_status.h"

namespace moescope {

struct ClusterState {
  LiveState phase = LiveState::Idle;
  bool embedded = false;
  QString target;                      ///< as the user named it
  QString reason;                      ///< why waiting, lost or ended; may have several lines
  bool may_change = false;             ///< the node takes changes from us
  std::optional<NodeStatus> status;    ///< as answered last
  QString recording, recording_error;  ///< file, and why it is not written any more
  double spans_per_second = 0;
  quint64 spans = 0;            ///< received
  quint64 dropped_spans = 0;    ///< not sent by the node because this window was slow
  quint64 dropped_records = 0;  ///< as the recording counts them, which is known at its end
};

/// All that is missing from the recording. The node counts the records that its rings lost while it
/// runs, the recording repeats that count at its end.
inline quint64 dropped(const ClusterState& state) {
  const quint64 counted = state.status ? quint64{state.status->dropped} : 0;
  return state.dropped_spans + std::max(counted, state.dropped_records);
}

}  // namespace moescope
