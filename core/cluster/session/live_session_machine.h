// State machine of a client that watches a runtime, from connecting to a complete recording: which
// state follows an event, and which actions are due. It performs none of them itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cluster/live_state.h"

namespace moescope {

/// What happened.
enum class SessionEvent : std::uint8_t {
  StartEmbedded,  ///< the user wants a runtime of his own
  Attach,         ///< the user wants to watch a node
  NodeStarted,    ///< the embedded runtime was started
  Connected,      ///< a node answered
  Failed,         ///< an action failed
  SourceLive,     ///< the state of the LiveSource
  SourceWaiting,
  SourceLost,
  SourceEnded,
  NodeExited,    ///< the process of the embedded runtime ended; without a reason: normally
  PatienceOver,  ///< that process did not end in time
  Reconnect,     ///< the user wants to reconnect
  Stop,          ///< the user wants to stop
  Completed,     ///< the recording is complete
};
inline constexpr int kSessionEvents = static_cast<int>(SessionEvent::Completed) + 1;

/// The event for a state of a LiveSource; nullopt while it is still connecting.
std::optional<SessionEvent> event_of(LiveState source);

/// What has to be done, in this order.
enum class SessionAction : std::uint8_t {
  Leave,            ///< forget what was watched; complete its recording in the background
  StartNode,        ///< replaces a running one; then NodeStarted or Failed
  Connect,          ///< then Connected or Failed
  AbandonConnect,   ///< its answer is ignored
  Watch,            ///< record and follow the node: Source..., or Failed
  ReconnectSource,  ///< the LiveSource tries again and goes on with its trace
  /// The child's exit code and last messages say more than its stream: wait for NodeExited, briefly
  /// or for as long as a normal end may take, then PatienceOver.
  AwaitExit,
  AwaitOrderlyExit,
  AbandonPlan,         ///< a change of plan that is not committed
  Complete,            ///< end the subscription, complete the recording; then Completed
  EndNodeAndComplete,  ///< the same, after a call that asks the embedded runtime to end
  StopNode,            ///< end the process of the embedded runtime
};

class LiveSessionMachine {
 public:
  LiveState state() const { return state_; }
  /// Why waiting, lost or ended; may have several lines.
  const std::string& reason() const { return reason_; }
  /// The runtime is a child of this program.
  bool embedded() const { return embedded_; }
  /// A node is being watched, connected to, or its recording completed.
  bool active() const;
  /// The node may be asked for its state.
  bool asks() const { return watching_ && active() && state_ != LiveState::Stopping; }

  /// Events that do not apply in the present state are ignored.
  std::vector<SessionAction> on(SessionEvent event, std::string_view reason = {});

 private:
  using Actions = std::vector<SessionAction>;
  Actions begin(bool embedded);
  Actions source(SessionEvent event, std::string_view reason);
  Actions source_lost(std::string_view reason);
  Actions source_ended(std::string_view reason);
  Actions patience_over();
  Actions node_exited(std::string_view reason);
  Actions reconnect();
  Actions finish();
  Actions lose(std::string_view reason);
  bool follows() const;
  void become(LiveState state, std::string_view reason = {});

  LiveState state_ = LiveState::Idle;
  std::string reason_;
  bool embedded_ = false;
  bool node_runs_ = false;
  bool watching_ = false;     ///< there is a LiveSource
  bool revivable_ = false;    ///< and it can go on with its trace
  bool awaits_exit_ = false;  ///< of the child, which says why the source is gone
  bool in_order_ = false;     ///< as the source said, which is gone
  std::string gone_because_;  ///< likewise
};

}  // namespace moescope
