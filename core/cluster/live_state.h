// The state of a client that watches a node.
#pragma once

#include <cstdint>

namespace moescope {

/// Idle and Stopping are states of a session; a LiveSource never has them.
enum class LiveState : std::uint8_t {
  Idle,
  Connecting,
  Live,
  Waiting,   ///< the connection broke or the node does not answer; retried automatically
  Stopping,  ///< the recording is being completed
  Lost,      ///< the node is gone, sent invalid data, or never existed
  Ended,     ///< the node ended normally, or the user stopped watching
};
/// "idle", "connecting", "live", "waiting", "stopping", "lost", "ended".
const char* to_string(LiveState state);

}  // namespace moescope
