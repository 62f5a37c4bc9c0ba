// How a client stands with a node that it watches.
#pragma once

#include <cstdint>

namespace moescope {

/// A LiveSource is never idle and never stopping: these are states of a session.
enum class LiveState : std::uint8_t {
  Idle,
  Connecting,
  Live,
  Waiting,   ///< the connection broke or the node does not answer; it is tried again by itself
  Stopping,  ///< the recording is being completed
  Lost,      ///< the node is gone or sent nonsense, or there was none
  Ended,     ///< the node ended in order, or the user stopped watching
};
/// "idle", "connecting", "live", "waiting", "stopping", "lost", "ended".
const char* to_string(LiveState state);

}  // namespace moescope
