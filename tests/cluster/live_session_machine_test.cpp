// Every event in every situation of a session that watches a runtime.
#include "core/cluster/session/live_session_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <set>

#include "core/cluster/wire/node_types.h"

namespace moescope {
namespace {

using E = SessionEvent;

struct Happening {
  E event;
  const char* reason = "";
};

/// All that can happen; an end is in order or not.
const std::map<std::string, Happening> kHappenings = {
    {"start", {E::StartEmbedded}},
    {"attach", {E::Attach}},
    {"node started", {E::NodeStarted}},
    {"connected", {E::Connected}},
    {"failed", {E::Failed, "why"}},
    {"source live", {E::SourceLive}},
    {"source waiting", {E::SourceWaiting, "why"}},
    {"source lost", {E::SourceLost, "cut"}},
    {"source ended", {E::SourceEnded, kNodeEnded}},
    {"source failed", {E::SourceEnded, "rank 3 failed"}},
    {"node exited", {E::NodeExited}},
    {"node failed", {E::NodeExited, "exit code 1"}},
    {"patience over", {E::PatienceOver}},
    {"reconnect", {E::Reconnect}},
    {"stop", {E::Stop}},
    {"completed", {E::Completed}},
};

std::string text(SessionAction action) {
  constexpr const char* names[] = {
      "leave",        "start-node", "connect",          "no-connect",
      "watch",        "retry",      "await-exit",       "await-orderly-exit",
      "abandon-plan", "complete",   "end-and-complete", "stop-node"};
  return names[static_cast<std::size_t>(action)];
}

struct Situation {
  const char* name;
  std::vector<std::string> before;  ///< what leads to it
  const char* state;                ///< and its reason
  /// What follows: state, reason, actions. All other events do nothing.
  std::map<std::string, std::string> follows;
};
void PrintTo(const Situation& c, std::ostream* out) {
  *out << c.name;
}

std::string state_text(const LiveSessionMachine& machine) {
  return std::string(to_string(machine.state())) +
         (machine.reason().empty() ? "" : " (" + machine.reason() + ")");
}

std::string apply(LiveSessionMachine& machine, const std::string& name) {
  const Happening& happening = kHappenings.at(name);
  std::string actions;
  for (const SessionAction action : machine.on(happening.event, happening.reason))
    actions += ' ' + text(action);
  return state_text(machine) + ':' + actions;
}

const std::string kStart = "connecting: leave start-node", kAttach = "connecting: leave connect";
/// From an embedded runtime, which is ended.
const std::string kAttachInstead = "connecting: leave stop-node connect";
const std::vector<std::string> kOwn = {"start", "node started", "connected", "source live"};
const std::vector<std::string> kOther = {"attach", "connected", "source live"};

std::vector<std::string> then(std::vector<std::string> before,
                              const std::vector<std::string>& more) {
  before.insert(before.end(), more.begin(), more.end());
  return before;
}

const std::string kOwnEnds = "stopping: no-connect abandon-plan end-and-complete";
const std::string kOtherEnds = "stopping: no-connect abandon-plan complete";

const Situation kSituations[] = {
    {"Idle", {}, "idle", {{"start", kStart}, {"attach", kAttach}}},

    {"NodeStarts",
     {"start"},
     "connecting",
     {{"start", kStart},
      {"attach", kAttach},
      {"node started", "connecting: connect"},
      {"connected", "connecting: watch"},
      {"failed", "lost (why): no-connect"},
      {"node exited", "ended: no-connect abandon-plan"},
      {"node failed", "lost (exit code 1): no-connect"},
      {"stop", "ended: no-connect abandon-plan"}}},
    {"NodeConnects",
     {"start", "node started"},
     "connecting",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"connected", "connecting: watch"},
      {"failed", "lost (why): no-connect stop-node"},
      {"node exited", "ended: no-connect abandon-plan"},
      {"node failed", "lost (exit code 1): no-connect"},
      {"stop", "ended: no-connect abandon-plan stop-node"}}},
    {"NodeIsWatched",
     {"start", "node started", "connected"},
     "connecting",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"failed", "lost (why): no-connect stop-node"},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"source lost", "connecting: await-exit"},
      {"source ended", "connecting: await-orderly-exit"},
      {"source failed", "connecting: await-orderly-exit"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"stop", kOwnEnds}}},
    {"NodeIsLive",
     kOwn,
     "live",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source waiting", "waiting (why):"},
      {"source lost", "live: await-exit"},
      {"source ended", "live: await-orderly-exit"},
      {"source failed", "live: await-orderly-exit"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"stop", kOwnEnds}}},
    {"NodeIsWaitedFor",
     then(kOwn, {"source waiting"}),
     "waiting (why)",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source live", "live:"},
      {"source lost", "waiting (why): await-exit"},
      {"source ended", "waiting (why): await-orderly-exit"},
      {"source failed", "waiting (why): await-orderly-exit"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"stop", kOwnEnds}}},
    {"NodeIsGone",
     then(kOwn, {"source lost"}),
     "live",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"source ended", "live: await-orderly-exit"},
      {"source failed", "live: await-orderly-exit"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"patience over", "lost (cut): no-connect stop-node complete"},
      {"stop", kOwnEnds}}},
    {"NodeEnds",
     then(kOwn, {"source ended"}),
     "live",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"patience over", kOwnEnds},
      {"stop", kOwnEnds}}},
    {"NodeFails",
     then(kOwn, {"source failed"}),
     "live",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"patience over", "lost (rank 3 failed): no-connect stop-node complete"},
      {"stop", kOwnEnds}}},
    {"NodeIsBack",
     then(kOwn, {"source lost", "source live"}),
     "live",
     {{"start", kStart},
      {"attach", kAttachInstead},
      {"source waiting", "waiting (why):"},
      {"source lost", "live: await-exit"},
      {"source ended", "live: await-orderly-exit"},
      {"source failed", "live: await-orderly-exit"},
      {"node exited", kOwnEnds},
      {"node failed", "lost (exit code 1): no-connect complete"},
      {"stop", kOwnEnds}}},
    {"NodeStops",
     then(kOwn, {"stop"}),
     "stopping",
     {{"start", kStart}, {"attach", kAttachInstead}, {"completed", "ended: stop-node"}}},
    {"NodeStopsAndIsGone",
     then(kOwn, {"stop", "node exited"}),
     "stopping",
     {{"start", kStart}, {"attach", kAttach}, {"completed", "ended:"}}},
    {"NodeIsLost",
     then(kOwn, {"node failed"}),
     "lost (exit code 1)",
     {{"start", kStart}, {"attach", kAttach}, {"reconnect", kStart}, {"stop", kOwnEnds}}},
    {"NodeIsDone",
     then(kOwn, {"stop", "completed", "node exited"}),
     "ended",
     {{"start", kStart}, {"attach", kAttach}, {"reconnect", kStart}}},

    {"Connects",
     {"attach"},
     "connecting",
     {{"start", kStart},
      {"attach", kAttach},
      {"connected", "connecting: watch"},
      {"failed", "lost (why): no-connect"},
      {"stop", "ended: no-connect abandon-plan"}}},
    {"IsRefused",
     {"attach", "failed"},
     "lost (why)",
     {{"start", kStart},
      {"attach", kAttach},
      {"reconnect", kAttach},
      {"stop", "ended: no-connect abandon-plan"}}},
    {"IsWatched",
     {"attach", "connected"},
     "connecting",
     {{"start", kStart},
      {"attach", kAttach},
      {"failed", "lost (why): no-connect"},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"source lost", "lost (cut):"},
      {"source ended", kOtherEnds},
      {"source failed", "lost (rank 3 failed): no-connect complete"},
      {"stop", kOtherEnds}}},
    {"IsLive",
     kOther,
     "live",
     {{"start", kStart},
      {"attach", kAttach},
      {"source waiting", "waiting (why):"},
      {"source lost", "lost (cut):"},
      {"source ended", kOtherEnds},
      {"source failed", "lost (rank 3 failed): no-connect complete"},
      {"stop", kOtherEnds}}},
    {"IsWaitedFor",
     then(kOther, {"source waiting"}),
     "waiting (why)",
     {{"start", kStart},
      {"attach", kAttach},
      {"source live", "live:"},
      {"source lost", "lost (cut):"},
      {"source ended", kOtherEnds},
      {"source failed", "lost (rank 3 failed): no-connect complete"},
      {"stop", kOtherEnds}}},
    {"IsLost",
     then(kOther, {"source lost"}),
     "lost (cut)",
     {{"start", kStart},
      {"attach", kAttach},
      {"reconnect", "connecting: retry"},
      {"stop", kOtherEnds}}},
    {"IsTriedAgain",
     then(kOther, {"source lost", "reconnect"}),
     "connecting",
     {{"start", kStart},
      {"attach", kAttach},
      {"failed", "lost (why): no-connect"},
      {"source live", "live:"},
      {"source waiting", "waiting (why):"},
      {"source lost", "lost (cut):"},
      {"source ended", kOtherEnds},
      {"source failed", "lost (rank 3 failed): no-connect complete"},
      {"stop", kOtherEnds}}},
    {"HasFailed",
     then(kOther, {"source failed"}),
     "lost (rank 3 failed)",
     {{"start", kStart}, {"attach", kAttach}, {"reconnect", kAttach}, {"stop", kOtherEnds}}},
    {"Stops",
     then(kOther, {"stop"}),
     "stopping",
     {{"start", kStart}, {"attach", kAttach}, {"completed", "ended:"}}},
    {"IsDone",
     then(kOther, {"stop", "completed"}),
     "ended",
     {{"start", kStart}, {"attach", kAttach}, {"reconnect", kAttach}}},
};

class SessionSituation : public testing::TestWithParam<Situation> {};

TEST_P(SessionSituation, EveryEventDoesWhatTheTableSaysAndTheOthersNothing) {
  for (const auto& [name, happening] : kHappenings) {
    LiveSessionMachine machine;
    for (const std::string& before : GetParam().before) apply(machine, before);
    ASSERT_EQ(state_text(machine), GetParam().state);
    const auto expected = GetParam().follows.find(name);
    const std::string nothing = state_text(machine) + ':';
    // An event that does nothing, such as the same again, may also be in the table.
    EXPECT_EQ(apply(machine, name),
              expected == GetParam().follows.end() ? nothing : expected->second)
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SessionSituation, testing::ValuesIn(kSituations),
                         [](const auto& tested) { return tested.param.name; });

TEST(LiveSessionMachine, TheTableHasAllEventsAndStates) {
  std::set<SessionEvent> events;
  for (const auto& [name, happening] : kHappenings) events.insert(happening.event);
  EXPECT_EQ(events.size(), static_cast<std::size_t>(kSessionEvents));
  std::set<LiveState> states;
  for (const Situation& situation : kSituations) {
    LiveSessionMachine machine;
    for (const std::string& before : situation.before) apply(machine, before);
    states.insert(machine.state());
  }
  EXPECT_EQ(states.size(), static_cast<std::size_t>(LiveState::Ended) + 1);
}

TEST(LiveSessionMachine, TheNodeIsAskedWhileItIsWatched) {
  LiveSessionMachine machine;
  const auto after = [&](const std::string& name) {
    apply(machine, name);
    return std::pair(machine.asks(), machine.active());
  };
  EXPECT_EQ(after("attach"), std::pair(false, true));
  EXPECT_EQ(after("connected"), std::pair(true, true));
  EXPECT_EQ(after("source live"), std::pair(true, true));
  EXPECT_EQ(after("source lost"), std::pair(false, false));
  EXPECT_EQ(after("reconnect"), std::pair(true, true));
  EXPECT_EQ(after("stop"), std::pair(false, true));
  EXPECT_EQ(after("completed"), std::pair(false, false));
}

/// Nothing that can happen, in whatever order, leaves the table: every session ends when it is
/// asked to, and its recording is completed once.
TEST(LiveSessionMachine, EverySessionEndsWhateverHappened) {
  std::uint32_t seed = 1;
  for (int round = 0; round < 2000; ++round) {
    LiveSessionMachine machine;
    for (int i = 0; i < 12; ++i) {
      seed = seed * 1664525 + 1013904223;
      auto any = kHappenings.begin();
      std::advance(any, (seed >> 16) % kHappenings.size());
      apply(machine, any->first);
    }
    if (machine.state() == LiveState::Idle) continue;
    apply(machine, "stop");
    if (machine.state() == LiveState::Stopping) apply(machine, "completed");
    EXPECT_EQ(machine.state(), LiveState::Ended);
    EXPECT_FALSE(machine.active());
  }
}

}  // namespace
}  // namespace moescope
