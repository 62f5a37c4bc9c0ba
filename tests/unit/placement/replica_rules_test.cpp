// Replica rules against the engines' own maps, Python's numbers and figures computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.h"
#include "core/placement/rules/python_random.h"
#include "core/placement/rules/replica_rule.h"
#include "core/placement/rules/sglang_static.h"
#include "core/placement/rules/slot_shares.h"
#include "tests/support/data.h"

namespace moescope {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Plan plan_of(int gpus, int nodes, int experts, std::vector<std::vector<int>> rows) {
  Plan plan;
  plan.num_gpus = gpus;
  plan.num_nodes = nodes;
  plan.num_experts = experts;
  plan.physical_to_logical = std::move(rows);
  return plan;
}

RuleLoads equal_loads(const Plan& plan) {
  return {LayerLoads(static_cast<std::size_t>(plan.layers()),
                     std::vector<double>(static_cast<std::size_t>(plan.num_experts), 1.0)),
          {}};
}

/// What random.Random(42) of CPython gives, call by call.
TEST(PythonRandom, EqualsPython) {
  PythonRandom random(42);
  std::size_t place = 0;
  std::vector<int> below;
  for (int i = 0; i < 8; ++i) below.push_back(random.below(10, place));
  EXPECT_THAT(below, ElementsAre(1, 0, 4, 3, 3, 2, 1, 8));
  const auto sample = [&](int n, int k) {
    std::vector<int> out;
    random.sample(n, k, place, out);
    return out;
  };
  EXPECT_THAT(sample(10, 4), ElementsAre(1, 6, 0, 7));
  EXPECT_THAT(sample(30, 3), ElementsAre(2, 6, 7));
  EXPECT_THAT(sample(300, 8), ElementsAre(258, 13, 287, 101, 279, 214, 112, 229));
  std::vector<int> values(12);
  std::iota(values.begin(), values.end(), 0);
  random.shuffle(values, place);
  EXPECT_THAT(values, ElementsAre(5, 11, 3, 10, 1, 7, 8, 6, 2, 0, 4, 9));
  EXPECT_EQ(random.below(1, place), 0);
  EXPECT_EQ(random.below(1000, place), 389);
}

TEST(ReplicaRules, StaticEqualsTheEnginesMapsSlotForSlot) {
  for (const char* name : {"1", "3", "5"}) {
    SCOPED_TRACE(name);
    const std::string file = std::string("engine_rules/sglang_static_") + name + ".json";
    MOESCOPE_REQUIRE_DATA(file);
    std::ifstream stream(test::shared_data(file));
    const auto v = json::parse(stream);
    const Plan plan = plan_of(v["ep_size"], v["num_nodes"], v["num_experts"],
                              v["physical_to_logical_map"].get<std::vector<std::vector<int>>>());
    EXPECT_EQ(dispatch_map(plan, ReplicaRule::SglangStatic),
              v["dispatch_physical"].get<DispatchMap>());
  }
}

/// Two nodes of two GPUs, two slots each.
TEST(ReplicaRules, TheNearestReplicaIsOnTheGpuElseOnTheNodeUnlessThatHasAll) {
  EXPECT_EQ(nearest_slot({6}, 0, 2, 2), 6) << "the only one";
  EXPECT_EQ(nearest_slot({1, 2, 6}, 1, 2, 2), 2) << "its own GPU, though a lower slot is near";
  EXPECT_EQ(nearest_slot({4, 6, 1}, 0, 2, 2), 1);
  EXPECT_EQ(nearest_slot({0, 1, 6}, 1, 2, 2), 0) << "the lowest of the node";
  EXPECT_EQ(nearest_slot({0, 1}, 1, 2, 2), -1) << "the node has all";
  EXPECT_EQ(nearest_slot({0, 1}, 2, 2, 2), -1) << "the node has none";
  EXPECT_EQ(nearest_slot({0, 3}, 2, 2, 4), -1) << "one node only: all are always on it";
}

TEST(ReplicaRules, AReplicaOnEachNodeNeedsNoDraw) {
  // Expert 0 on both nodes; experts 1 to 6 once.
  const Plan plan = plan_of(4, 2, 7, {{0, 1, 2, 3, 0, 4, 5, 6}});
  const auto map = dispatch_map(plan, ReplicaRule::SglangStatic);
  EXPECT_EQ(map[0][0][0], 0);
  EXPECT_EQ(map[1][0][0], 0);
  EXPECT_EQ(map[2][0][0], 4);
  EXPECT_EQ(map[3][0][0], 4);
  for (const ReplicaRule rule : {ReplicaRule::SglangStatic, ReplicaRule::SglangDynamic}) {
    const auto shares = slot_shares(plan, rule, equal_loads(plan));
    EXPECT_DOUBLE_EQ(shares[0][0], 0.5);
    EXPECT_DOUBLE_EQ(shares[0][4], 0.5);
  }
}

TEST(ReplicaRules, SharesOfEveryRuleSumToOneForEachExpert) {
  const Plan plan = plan_of(4, 2, 5, {{0, 1, 2, 0, 4, 0, 1, 3}, {0, 0, 1, 2, 3, 4, 4, 4}});
  RuleLoads loads = equal_loads(plan);
  loads.loads[0] = {9, 3, 1, 0, 2};
  loads.by_source.assign(2, {{5, 1, 0, 0, 1}, {1, 1, 0, 0, 1}, {2, 0, 1, 0, 0}, {1, 1, 0, 0, 0}});
  for (const RuleFacts& facts : all_rules()) {
    SCOPED_TRACE(rule_name(facts.rule));
    const auto shares = slot_shares(plan, facts.rule, loads);
    for (std::size_t l = 0; l < 2; ++l) {
      std::vector<double> sum(5, 0.0);
      for (std::size_t s = 0; s < 8; ++s)
        sum[static_cast<std::size_t>(plan.physical_to_logical[l][s])] += shares[l][s];
      for (const double s : sum) EXPECT_NEAR(s, 1, 1e-12);
    }
  }
}

TEST(ReplicaRules, ModuloTakesTheReplicaOfTheRanksRemainder) {
  const Plan plan = plan_of(4, 1, 2, {{0, 1, 0, 0}});
  const auto map = dispatch_map(plan, ReplicaRule::AscendModulo);
  EXPECT_THAT((std::vector<int>{map[0][0][0], map[1][0][0], map[2][0][0], map[3][0][0]}),
              ElementsAre(0, 2, 3, 0));
  RuleLoads loads = equal_loads(plan);
  EXPECT_THAT(slot_shares(plan, ReplicaRule::AscendModulo, loads)[0],
              ElementsAre(0.5, 1, 0.25, 0.25));
  loads.by_source = {{{6, 1}, {1, 1}, {2, 1}, {1, 1}}};
  const auto shares = slot_shares(plan, ReplicaRule::AscendModulo, loads)[0];
  EXPECT_DOUBLE_EQ(shares[0], 0.7) << "ranks 0 and 3 send 7 of 10 tokens";
  EXPECT_DOUBLE_EQ(shares[2], 0.1);
  EXPECT_DOUBLE_EQ(shares[3], 0.2);
}

TEST(ReplicaRules, DynamicIsNearestFirstAndEvenElsewhere) {
  // Expert 0 twice on node 0 and once on node 1; expert 1 twice on node 0 only.
  const Plan plan = plan_of(4, 2, 4, {{0, 1, 0, 1, 0, 2, 3, 2}});
  const auto shares = slot_shares(plan, ReplicaRule::SglangDynamic, equal_loads(plan))[0];
  EXPECT_DOUBLE_EQ(shares[0], 0.25);
  EXPECT_DOUBLE_EQ(shares[2], 0.25);
  EXPECT_DOUBLE_EQ(shares[4], 0.5);
  EXPECT_DOUBLE_EQ(shares[1], 0.5) << "GPU 0 its own, the half of what node 1 draws";
  EXPECT_EQ(dispatch_map(plan, ReplicaRule::SglangDynamic)[2][0][1], -1);
}

TEST(ReplicaRules, DeadGpusSendNothingAndEmptySlotsHoldNothing) {
  Plan plan = plan_of(4, 1, 2, {{0, 1, 0, kNoExpert}});
  plan.dead_gpus = {3};
  const auto shares = slot_shares(plan, ReplicaRule::AscendModulo, equal_loads(plan))[0];
  EXPECT_DOUBLE_EQ(shares[0], 2.0 / 3) << "ranks 0 and 2 of three";
  EXPECT_DOUBLE_EQ(shares[2], 1.0 / 3);
  EXPECT_EQ(shares[3], 0);
}

/// Dense layers hold the trivial placement, and its draws come before those of the MoE layers.
TEST(ReplicaRules, StaticDrawsForTheDenseLayersOfTheModelToo) {
  const std::vector<int> trivial = {0, 1, 2, 3, 4, 5, 0, 1}, row = {0, 2, 0, 1, 3, 4, 5, 5};
  Plan moe_only = plan_of(8, 2, 6, {row, row});
  moe_only.layer_ids = {1, 3};
  const Plan whole = plan_of(8, 2, 6, {trivial, row, trivial, row});
  const auto map = dispatch_map(moe_only, ReplicaRule::SglangStatic);
  const auto all = dispatch_map(whole, ReplicaRule::SglangStatic);
  for (std::size_t rank = 0; rank < 8; ++rank) {
    EXPECT_EQ(map[rank][0], all[rank][1]);
    EXPECT_EQ(map[rank][1], all[rank][3]);
  }
}

TEST(ReplicaRules, EqualSharesLeaveThePlanAsItIs) {
  Plan plan = plan_of(4, 1, 2, {{0, 1, 0, 0}});
  EXPECT_EQ(under_rule(plan, ReplicaRule::VllmHash, equal_loads(plan)), plan);
  plan.replica_weight = {{0.5, 1, 0.25, 0.25}};
  EXPECT_EQ(under_rule(plan, ReplicaRule::Weights, equal_loads(plan)), plan);
  EXPECT_TRUE(under_rule(plan, ReplicaRule::Even, equal_loads(plan)).replica_weight.empty());
}

TEST(ReplicaRules, AreFoundByEngineAndDispatch) {
  EXPECT_EQ(find_rule("", ""), ReplicaRule::Even);
  EXPECT_EQ(find_rule("sglang", ""), ReplicaRule::SglangStatic);
  EXPECT_EQ(find_rule("sglang", "lp"), ReplicaRule::SglangLp);
  EXPECT_EQ(find_rule("", "hash"), ReplicaRule::VllmHash);
  EXPECT_EQ(find_rule("trtllm", "even"), ReplicaRule::TrtllmEven);
  EXPECT_EQ(find_rule("sglang", "even"), ReplicaRule::Even) << "for comparison";
  EXPECT_EQ(find_rule("moescope", "best"), ReplicaRule::Best);
  try {
    find_rule("vllm", "static");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("vllm has no replica rule \"static\""));
    EXPECT_THAT(error.what(), HasSubstr("hash, even, best"));
  }
  EXPECT_THROW(find_rule("llama", ""), Error);
  EXPECT_THROW(find_rule("", "nonsense"), Error);
}

TEST(ReplicaRules, RefuseSourcesOfAnotherShape) {
  const Plan plan = plan_of(4, 1, 2, {{0, 1, 0, 0}});
  RuleLoads loads = equal_loads(plan);
  loads.by_source = {{{1, 1}, {1, 1}}};
  EXPECT_THROW(slot_shares(plan, ReplicaRule::SglangStatic, loads), Error);
  EXPECT_NO_THROW(slot_shares(plan, ReplicaRule::Even, loads)) << "which needs no sources";
}

TEST(ReplicaRules, RefuseMachinesThatTheyCannotBeFollowedOn) {
  Plan plan = plan_of(2048, 1, 2, {std::vector<int>(2048, 0)});
  plan.physical_to_logical[0][7] = 1;
  EXPECT_THROW(dispatch_map(plan, ReplicaRule::SglangStatic), Error) << "too many draws";
  EXPECT_NO_THROW(dispatch_map(plan, ReplicaRule::SglangDynamic));
  plan.num_experts = kMaxPlanExperts;
  plan.physical_to_logical.assign(8, plan.physical_to_logical[0]);
  EXPECT_THROW(dispatch_map(plan, ReplicaRule::AscendModulo), Error) << "too large";
}

TEST(ReplicaRules, ThoseThatDecideForEachTokenHaveNoMap) {
  const Plan plan = plan_of(2, 1, 2, {{0, 1, 0, 1}});
  EXPECT_THROW(dispatch_map(plan, ReplicaRule::VllmHash), Error);
  EXPECT_THROW(dispatch_map(plan, ReplicaRule::Best), Error);
}

}  // namespace
}  // namespace moescope
