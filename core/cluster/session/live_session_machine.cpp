#include "core/cluster/session/live_session_machine.h"

#include "core/cluster/wire/node_types.h"

namespace moescope {

using Action = SessionAction;

std::optional<SessionEvent> event_of(LiveState source) {
  switch (source) {
    case LiveState::Live:
      return SessionEvent::SourceLive;
    case LiveState::Waiting:
      return SessionEvent::SourceWaiting;
    case LiveState::Lost:
      return SessionEvent::SourceLost;
    case LiveState::Ended:
      return SessionEvent::SourceEnded;
    default:
      return std::nullopt;
  }
}

bool LiveSessionMachine::active() const {
  return follows() || state_ == LiveState::Stopping;
}

/// Whether events of the source and the child count.
bool LiveSessionMachine::follows() const {
  return state_ == LiveState::Connecting || state_ == LiveState::Live ||
         state_ == LiveState::Waiting;
}

void LiveSessionMachine::become(LiveState state, std::string_view reason) {
  state_ = state;
  reason_ = reason;
}

std::vector<SessionAction> LiveSessionMachine::on(SessionEvent event, std::string_view reason) {
  switch (event) {
    case SessionEvent::StartEmbedded:
      return begin(true);
    case SessionEvent::Attach:
      return begin(false);
    case SessionEvent::NodeStarted:
      if (state_ != LiveState::Connecting || !embedded_ || node_runs_) return {};
      node_runs_ = true;
      return {Action::Connect};
    case SessionEvent::Connected:
      if (state_ != LiveState::Connecting || watching_) return {};
      watching_ = revivable_ = true;
      return {Action::Watch};
    case SessionEvent::Failed:
      if (state_ != LiveState::Connecting) return {};
      watching_ = false;  // it was the recording that could not be made
      return lose(reason);
    case SessionEvent::SourceLive:
    case SessionEvent::SourceWaiting:
    case SessionEvent::SourceLost:
    case SessionEvent::SourceEnded:
      return source(event, reason);
    case SessionEvent::NodeExited:
      return node_exited(reason);
    case SessionEvent::PatienceOver:
      return patience_over();
    case SessionEvent::Reconnect:
      return reconnect();
    case SessionEvent::Stop:
      return follows() || state_ == LiveState::Lost ? finish() : Actions();
    case SessionEvent::Completed:
      if (state_ != LiveState::Stopping) return {};
      become(LiveState::Ended);
      return node_runs_ ? Actions{Action::StopNode} : Actions();
  }
  return {};
}

/// Whatever was watched is left.
LiveSessionMachine::Actions LiveSessionMachine::begin(bool embedded) {
  Actions actions = {Action::Leave};
  if (node_runs_ && !embedded) actions.push_back(Action::StopNode);
  actions.push_back(embedded ? Action::StartNode : Action::Connect);
  *this = {};
  embedded_ = embedded;
  become(LiveState::Connecting);
  return actions;
}

LiveSessionMachine::Actions LiveSessionMachine::source(SessionEvent event,
                                                       std::string_view reason) {
  if (!watching_ || !follows()) return {};
  if (event == SessionEvent::SourceLost) return source_lost(reason);
  if (event == SessionEvent::SourceEnded) return source_ended(reason);
  awaits_exit_ = false;
  if (event == SessionEvent::SourceLive)
    become(LiveState::Live);
  else
    become(LiveState::Waiting, reason);
  return {};
}

LiveSessionMachine::Actions LiveSessionMachine::source_lost(std::string_view reason) {
  if (!embedded_) {
    become(LiveState::Lost, reason);  // the source can try again
    return {};
  }
  if (awaits_exit_) return {};
  awaits_exit_ = true;
  in_order_ = false;
  gone_because_ = reason;
  return {Action::AwaitExit};
}

LiveSessionMachine::Actions LiveSessionMachine::source_ended(std::string_view reason) {
  if (awaits_exit_ && in_order_) return {};
  revivable_ = false;
  in_order_ = true;
  gone_because_ = reason;
  awaits_exit_ = node_runs_;
  if (node_runs_) return {Action::AwaitOrderlyExit};
  return reason == kNodeEnded ? finish() : lose(reason);
}

LiveSessionMachine::Actions LiveSessionMachine::patience_over() {
  if (!awaits_exit_ || !follows()) return {};
  return in_order_ && gone_because_ == kNodeEnded ? finish() : lose(std::string(gone_because_));
}

LiveSessionMachine::Actions LiveSessionMachine::node_exited(std::string_view reason) {
  node_runs_ = false;
  if (!embedded_ || !follows()) return {};
  return reason.empty() ? finish() : lose(reason);
}

LiveSessionMachine::Actions LiveSessionMachine::reconnect() {
  if (state_ != LiveState::Lost && state_ != LiveState::Ended) return {};
  if (embedded_ || !revivable_) return begin(embedded_);
  become(LiveState::Connecting);
  return {Action::ReconnectSource};
}

/// What was watched becomes one complete file.
LiveSessionMachine::Actions LiveSessionMachine::finish() {
  awaits_exit_ = revivable_ = false;
  Actions actions = {Action::AbandonConnect, Action::AbandonPlan};
  if (watching_)
    actions.push_back(embedded_ ? Action::EndNodeAndComplete : Action::Complete);
  else if (node_runs_)
    actions.push_back(Action::StopNode);
  become(watching_ ? LiveState::Stopping : LiveState::Ended);
  return actions;
}

/// This run does not come back; what was recorded of it becomes one complete file.
LiveSessionMachine::Actions LiveSessionMachine::lose(std::string_view reason) {
  awaits_exit_ = revivable_ = false;
  become(LiveState::Lost, reason);
  Actions actions = {Action::AbandonConnect};
  if (node_runs_) actions.push_back(Action::StopNode);
  if (watching_) actions.push_back(Action::Complete);
  return actions;
}

}  // namespace moescope
