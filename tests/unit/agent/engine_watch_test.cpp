// The agent's account of a serving engine: whatever becomes of a plan has a name that status shows.
#include "core/agent/engine/engine_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace moescope {
namespace {

using testing::HasSubstr;

/// Two ranks with two layers of four experts in six slots, of which the first layer is dense.
class AgentWatch : public testing::Test {
 protected:
  static constexpr int kRanks = 2;
  EngineWatch watch{7};
  double now = 10;

  static RankHello hello(int rank, std::int64_t process = 100) {
    RankHello h;
    h.engine = "sglang";
    h.version = "0.5.23";
    h.instance = "sglang";
    h.mode = EngineMode::Apply;
    h.rank = rank;
    h.size = h.gpus = kRanks;
    h.layers = 2;
    h.slots = 6;
    h.experts = 4;
    h.moe_layers = {1};
    h.process_id = process + rank;
    h.map = {trivial(), trivial()};
    h.digest = map_digest(h.map);
    return h;
  }
  static std::vector<int> trivial() { return {0, 1, 2, 3, 0, 1}; }
  static std::vector<int> wanted() { return {3, 2, 1, 0, 3, 2}; }
  void connect() {
    for (int rank = 0; rank < kRanks; ++rank) watch.hello(rank, hello(rank), now);
  }
  static EngineWatch::Request request(std::vector<int> row = wanted()) {
    EngineWatch::Request r;
    r.plan.num_gpus = kRanks;
    r.plan.num_experts = 4;
    r.plan.physical_to_logical = {std::move(row)};
    r.plan.layer_ids = {1};
    r.who = "operator";
    r.name = "plan";
    return r;
  }
  /// The name that the plan has on the wire.
  std::string id = "0000000000000007-1";
  void plan_is(EnginePlanState state, const std::string& reason = {}) {
    watch.message(0, RankPlanState{id, state, reason, 500}, now);
  }
  void map_is(int rank, const EngineRows& rows, const std::string& plan) {
    RankMap map;
    map.plan = plan;
    map.digest = map_digest(rows);
    map.moved = 1;
    if (rank == 0) map.map = rows;
    watch.message(rank, map, now);
  }
  NodePlanChange last() {
    const auto history = watch.status(false, now).history;
    return history.empty() ? NodePlanChange() : history.back();
  }
  void install() {
    watch.propose(request(), 1, now);
    for (const auto state :
         {EnginePlanState::Received, EnginePlanState::Voting, EnginePlanState::Committed})
      plan_is(state);
    for (int rank = 0; rank < kRanks; ++rank) map_is(rank, {trivial(), wanted()}, id);
    plan_is(EnginePlanState::Installed);
  }
};

TEST_F(AgentWatch, APlanIsInForceWhenEveryRankReportsItsMap) {
  connect();
  const auto proposal = watch.propose(request(), 1, now);
  EXPECT_EQ(proposal.peer, 0);
  EngineFrameReader reader("test");
  reader.feed(proposal.send);
  EXPECT_EQ(reader.next()->payload, map_bytes({trivial(), wanted()})) << "dense rows stay";
  plan_is(EnginePlanState::Voting);
  EXPECT_EQ(last().phase, PlanPhase::Preparing);
  plan_is(EnginePlanState::Committed);
  EXPECT_EQ(last().phase, PlanPhase::Committing);
  map_is(0, {trivial(), wanted()}, id);
  plan_is(EnginePlanState::Installed);
  EXPECT_EQ(last().phase, PlanPhase::Verifying) << "rank 1 has not said what it has";
  map_is(1, {trivial(), wanted()}, id);
  EXPECT_EQ(last().phase, PlanPhase::Released);
  EXPECT_EQ(last().epoch, 1U);
  EXPECT_THAT(watch.status(true, now).previous_plan_json, HasSubstr("[0,1,2,3,0,1]"));
}

TEST_F(AgentWatch, ARankWithAnotherMapIsNamedAndThePlanIsNotVerified) {
  connect();
  watch.propose(request(), 1, now);
  map_is(0, {trivial(), wanted()}, id);
  plan_is(EnginePlanState::Installed);
  now += 20;
  watch.look(now);
  EXPECT_EQ(last().phase, PlanPhase::Verifying);
  EXPECT_THAT(last().reason, HasSubstr("rank 1 reports another map"));
}

TEST_F(AgentWatch, AnAbortedPlanKeepsItsReasonAndChangesNothing) {
  connect();
  watch.propose(request(), 1, now);
  plan_is(EnginePlanState::Voting);
  plan_is(EnginePlanState::Aborted, "1 of 2 ranks said no; rank 1: it came too late");
  EXPECT_EQ(last().phase, PlanPhase::RolledBack);
  EXPECT_EQ(last().reason, "1 of 2 ranks said no; rank 1: it came too late");
  EXPECT_EQ(last().epoch, 0U);
}

TEST_F(AgentWatch, AnEngineThatKeepsAnotherMapIsSaidSo) {
  connect();
  watch.propose(request(), 1, now);
  plan_is(EnginePlanState::NotInstalled, "the engine kept another map");
  EXPECT_EQ(last().phase, PlanPhase::RolledBack);
  EXPECT_THAT(last().reason, HasSubstr("kept another map"));
}

TEST_F(AgentWatch, AnIdleEngineIsNamedAsWhatThePlanWaitsFor) {
  connect();
  watch.propose(request(), 1, now);
  plan_is(EnginePlanState::Committed);
  now += 60;
  watch.look(now);
  EXPECT_EQ(last().phase, PlanPhase::Committing);
  EXPECT_THAT(last().reason, HasSubstr("comes with pass 500"));
}

TEST_F(AgentWatch, ALostConnectionLeavesTheOutcomeOpenUntilTheEngineTellsIt) {
  connect();
  watch.propose(request(), 1, now);
  plan_is(EnginePlanState::Voting);
  watch.gone(0, now);
  EXPECT_THAT(last().reason, HasSubstr("connection to the engine is lost"));
  EXPECT_THAT(watch.propose(request(), 1, now).change.reason, HasSubstr("no engine is connected"));
  RankHello back = hello(0);
  back.map = {trivial(), wanted()};
  back.digest = map_digest(back.map);
  back.recent = {{id, "received", ""}, {id, "committed", ""}, {id, "installed", ""}};
  map_is(1, back.map, id);
  watch.hello(9, back, now);
  EXPECT_EQ(last().phase, PlanPhase::Released);
}

TEST_F(AgentWatch, APlanThatNeverReachedTheEngineIsRolledBack) {
  connect();
  watch.propose(request(), 1, now);
  watch.gone(0, now);
  watch.hello(9, hello(0), now);
  EXPECT_EQ(last().phase, PlanPhase::RolledBack);
  EXPECT_THAT(last().reason, HasSubstr("did not reach the engine"));
}

TEST_F(AgentWatch, ARestartedEngineHasAMapOfItsOwn) {
  connect();
  watch.propose(request(), 1, now);
  plan_is(EnginePlanState::Committed);
  for (int rank = 0; rank < kRanks; ++rank) watch.gone(rank, now);
  watch.hello(5, hello(0, 900), now);
  EXPECT_EQ(last().phase, PlanPhase::RolledBack);
  EXPECT_THAT(last().reason, HasSubstr("restarted"));
  EXPECT_THAT(watch.roll_back("operator", 1, now).change.reason, HasSubstr("no change of plan"));
}

TEST_F(AgentWatch, WhatCannotBeGivenToTheEngineIsRefusedAtOnce) {
  EXPECT_THAT(watch.propose(request(), 1, now).change.reason, HasSubstr("no engine"));
  connect();
  auto stale = request();
  stale.base_epoch = 5;
  EXPECT_THAT(watch.propose(stale, 1, now).change.reason, HasSubstr("epoch 5"));
  EXPECT_THAT(watch.propose(request({0, 1, 2, 3}), 1, now).change.reason, HasSubstr("4 slots"));
  auto elsewhere = request();
  elsewhere.plan.layer_ids = {0};
  EXPECT_THAT(watch.propose(elsewhere, 1, now).change.reason, HasSubstr("other layers"));
  EXPECT_FALSE(watch.propose(request(), 1, now).change.over());
  EXPECT_THAT(watch.propose(request(), 1, now).change.reason, HasSubstr("under way"));
}

TEST_F(AgentWatch, AnObservingEngineTakesNoPlanAndStatusSaysSo) {
  auto observing = hello(0);
  observing.mode = EngineMode::Observe;
  watch.hello(0, observing, now);
  EXPECT_THAT(watch.propose(request(), 1, now).change.reason, HasSubstr("MOESCOPE_MODE=observe"));
  EXPECT_THAT(watch.status(false, now).notices, testing::Contains(HasSubstr("observe")));
}

TEST_F(AgentWatch, ARollbackGivesTheEngineItsOwnBalancingBack) {
  connect();
  install();
  const auto proposal = watch.roll_back("operator", 1, now);
  EngineFrameReader reader("test");
  reader.feed(proposal.send);
  const auto frame = reader.next();
  EXPECT_EQ(frame->payload, map_bytes({trivial(), trivial()}));
  EXPECT_FALSE(frame->header["hold"].get<bool>());
}

TEST_F(AgentWatch, AnotherEngineAndASecondRankAreNotLetIn) {
  connect();
  auto other = hello(1);
  EXPECT_THROW(watch.hello(8, other, now), Error);
  other.instance = "vllm0";
  EXPECT_THROW(watch.hello(8, other, now), Error);
  EXPECT_THAT(watch.status(false, now).notices, testing::Contains(HasSubstr("one group of ranks")));
}

TEST_F(AgentWatch, ImbalanceIsThatOfTheLoadsUnderTheMapInForce) {
  connect();
  RankLoads loads;
  loads.tokens = {{0, 0, 0, 0}, {6, 2, 4, 0}};  // GPU 0: 3 + 1 + 4, GPU 1: 0 + 3 + 1
  watch.message(0, loads, now);
  const auto status = watch.status(false, now);
  ASSERT_EQ(status.units.size(), 1U);
  EXPECT_THAT(status.units[0].imbalance, testing::ElementsAre(testing::DoubleEq(8 / 6.0)));
  EXPECT_EQ(status.ranks[0].tokens, 8U);
}

TEST_F(AgentWatch, ASilentRankHangs) {
  connect();
  now += 30;
  watch.message(1, RankAlive{5, 0, 0, false}, now);
  const auto hung = watch.status(false, now).hung;
  ASSERT_EQ(hung.size(), 1U);
  EXPECT_EQ(hung[0].rank, 0);
}

TEST_F(AgentWatch, ARestartedAgentGoesOnWithEpochHistoryAndWhatIsUnderWay) {
  connect();
  install();
  id = "0000000000000007-2";
  watch.propose(request(trivial()), 1, now);
  plan_is(EnginePlanState::Committed);
  EngineWatch next{8};
  next.restore(watch.saved(), "agent.json");
  RankHello lead = hello(0);
  lead.map = {trivial(), wanted()};
  lead.digest = map_digest(lead.map);
  lead.recent = {{id, "aborted", "1 of 2 ranks said yes within 2 s"}};
  next.hello(0, lead, now);
  const auto status = next.status(true, now);
  EXPECT_EQ(status.epoch, 1U);
  ASSERT_EQ(status.history.size(), 2U);
  EXPECT_EQ(status.history[0].phase, PlanPhase::Released);
  EXPECT_EQ(status.history[1].phase, PlanPhase::RolledBack) << status.history[1].reason;
  EXPECT_THROW(next.restore("{\"schema\":9}", "agent.json"), Error);
}

}  // namespace
}  // namespace moescope
