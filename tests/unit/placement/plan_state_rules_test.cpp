// Figures of a plan under edit are those of its replica rule, to the last bit, after every edit.
#include <gmock/gmock.h>

#include <random>

#include "core/error.h"
#include "core/placement/edit/plan_state.h"
#include "core/placement/edit/plan_summary.h"
#include "core/placement/rules/rule_bound.h"
#include "core/placement/solve/solve.h"
#include "tests/support/load_generator.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kExperts = 16, kGpus = 8, kNodes = 2, kPerGpu = 3, kLayers = 3;

Plan some_plan(std::mt19937& random, int gpus = kGpus, int nodes = kNodes) {
  Plan plan{.num_gpus = gpus,
            .num_nodes = nodes,
            .num_groups = 1,
            .num_experts = kExperts,
            .physical_to_logical = {}};
  for (int l = 0; l < kLayers; ++l) {
    auto& row = plan.physical_to_logical.emplace_back();
    for (int s = 0; s < gpus * kPerGpu; ++s)
      row.push_back(s < kExperts ? s : static_cast<int>(random() % unsigned{kExperts}));
    std::shuffle(row.begin(), row.end(), random);
  }
  return plan;
}

SourceLoads some_sources(std::mt19937& random) {
  SourceLoads sources(kLayers);
  for (auto& layer : sources) {
    layer.assign(kGpus, std::vector<double>(kExperts));
    for (auto& rank : layer)
      for (double& tokens : rank) tokens = static_cast<double>(random() % 100);
  }
  return sources;
}

void expect_under_rule(const PlanState& state, const RuleLoads& loads) {
  const auto shares = slot_shares(state.plan(), state.rule(), loads);
  EvaluateOptions options;
  options.shares = &shares;
  options.with_best_split = false;
  const auto full = evaluate_plan(state.plan(), *state.loads(), options, no_progress());
  const auto imbalances = imbalances_under(state.plan(), state.rule(), loads);
  for (int l = 0; l < kLayers; ++l) {
    SCOPED_TRACE(rule_name(state.rule()) + ", layer " + std::to_string(l));
    const auto i = static_cast<std::size_t>(l);
    const auto figures = state.figures(l);
    EXPECT_EQ(figures.imbalance(), full[i].under_rule);
    EXPECT_DOUBLE_EQ(*figures.imbalance(), imbalances[i]);
    EXPECT_EQ(*figures.bound, rule_bound((*state.loads())[i], kGpus * kPerGpu, kGpus, state.rule(),
                                         loads.by_source.empty() ? nullptr : &loads.by_source[i]));
    double tokens = 0;
    for (int s = 0; s < kPerGpu; ++s) tokens += *state.slot_load(l, s);
    EXPECT_DOUBLE_EQ(state.gpu_loads(l)[0], tokens);
  }
  EXPECT_EQ(state.ruled_plan(), under_rule(state.plan(), state.rule(), loads));
  EXPECT_THAT(state.rule_problem(), IsEmpty());
}

class PlanStateRules : public testing::TestWithParam<std::tuple<ReplicaRule, bool>> {};

TEST_P(PlanStateRules, FiguresAreThoseOfAFullEvaluationAfterEveryEdit) {
  const auto [rule, knows_sources] = GetParam();
  std::mt19937 random(23);
  PlanState state(some_plan(random));
  RuleLoads loads{test::r1_loads(3, 0, kLayers, kExperts, 9000), {}};
  if (knows_sources) loads.by_source = some_sources(random);
  state.set_loads(std::make_shared<const LayerLoads>(loads.loads));
  state.set_rule(rule,
                 knows_sources ? std::make_shared<const SourceLoads>(loads.by_source) : nullptr);
  EXPECT_EQ(state.knows_sources(), knows_sources);
  expect_under_rule(state, loads);
  std::vector<PlanEdit> done;
  for (int round = 0; round < 40; ++round) {
    const int l = static_cast<int>(random() % unsigned{kLayers});
    const int a = static_cast<int>(random() % (kGpus * kPerGpu));
    const int b = static_cast<int>(random() % (kGpus * kPerGpu));
    PlanEdit edit = swap_slots(state.plan(), l, a, b);
    const int held = slot_value(state.plan(), l, a).expert;
    if (round % 2 == 0 && state.hosts(l, held).size() > 1)
      edit = place_expert(state.plan(), l, a, static_cast<int>(random() % unsigned{kExperts}));
    state.apply(edit);
    done.push_back(edit);
    expect_under_rule(state, loads);
  }
  for (; !done.empty(); done.pop_back()) state.apply(inverse(done.back()));
  expect_under_rule(state, loads);
  // Without weights of its own a plan splits equally again.
  state.set_rule(ReplicaRule::Weights);
  EXPECT_EQ(state.figures(0).imbalance(), state.figures(0).equal);
}

INSTANTIATE_TEST_SUITE_P(
    All, PlanStateRules,
    testing::Combine(testing::Values(ReplicaRule::Even, ReplicaRule::Best, ReplicaRule::Weights,
                                     ReplicaRule::SglangStatic, ReplicaRule::SglangDynamic,
                                     ReplicaRule::SglangLp, ReplicaRule::VllmHash,
                                     ReplicaRule::AscendModulo, ReplicaRule::TrtllmEven),
                     testing::Bool()));

TEST(PlanStateRules, WeightsCountOnlyUnderTheirOwnRule) {
  std::mt19937 random(4);
  Plan plan = some_plan(random);
  const auto loads = test::r1_loads(1, 0, kLayers, kExperts, 5000);
  resplit(plan, loads, 1, no_progress());
  PlanState state(plan);
  state.set_loads(std::make_shared<const LayerLoads>(loads));
  EXPECT_EQ(state.figures(0).imbalance(), state.figures(0).weighted);
  state.set_rule(ReplicaRule::Even);
  EXPECT_EQ(state.figures(0).imbalance(), state.figures(0).equal);
  EXPECT_NE(state.figures(0).equal, state.figures(0).weighted);
  EXPECT_EQ(plan_imbalance(state)->mean, plan_imbalance([&] {
                                           Plan bare = plan;
                                           bare.replica_weight.clear();
                                           PlanState other(bare);
                                           other.set_loads(state.loads());
                                           return other;
                                         }())
                                             ->mean);
}

/// Dead GPUs send nothing: the rows alone do not tell what a rule makes of them.
TEST(PlanStateRules, ADeadGpuChangesTheSharesOfItsRanks) {
  std::mt19937 random(5);
  PlanState state(some_plan(random));
  const RuleLoads loads{test::r1_loads(1, 0, kLayers, kExperts, 5000), {}};
  state.set_loads(std::make_shared<const LayerLoads>(loads.loads));
  state.set_rule(ReplicaRule::SglangStatic);
  ASSERT_TRUE(state.figures(0).imbalance());
  state.apply(fail_gpu(state.plan(), 3));
  const auto shares = slot_shares(state.plan(), ReplicaRule::SglangStatic, loads);
  const auto gpus =
      gpu_loads(state.plan().physical_to_logical[1], loads.loads[1], kGpus, shares[1]);
  EXPECT_EQ(state.gpu_loads(1), gpus);
}

TEST(PlanStateRules, WhatCannotBeFollowedHasNoFiguresAndSaysWhy) {
  std::mt19937 random(6);
  PlanState broken(some_plan(random));
  auto shorter = broken.plan();
  shorter.physical_to_logical[1].pop_back();
  PlanState state(shorter);
  state.set_loads(
      std::make_shared<const LayerLoads>(test::r1_loads(1, 0, kLayers, kExperts, 5000)));
  state.set_rule(ReplicaRule::SglangStatic);
  EXPECT_EQ(state.figures(0).imbalance(), std::nullopt);
  EXPECT_EQ(state.slot_load(0, 0), std::nullopt);
  EXPECT_THAT(state.gpu_loads(0), IsEmpty());
  EXPECT_THAT(state.rule_problem(), HasSubstr("layer 1"));
  EXPECT_THROW(state.ruled_plan(), Error);
  EXPECT_EQ(plan_imbalance(state), std::nullopt);
  state.set_rule(ReplicaRule::SglangDynamic);
  EXPECT_TRUE(state.figures(0).imbalance()) << "decides layer by layer";

  PlanState many(some_plan(random, 2048, 1));
  many.set_loads(std::make_shared<const LayerLoads>(test::r1_loads(1, 0, kLayers, kExperts, 5000)));
  many.set_rule(ReplicaRule::SglangStatic);
  EXPECT_EQ(many.figures(0).imbalance(), std::nullopt);
  EXPECT_THAT(many.rule_problem(), HasSubstr("1024 GPUs"));
}

TEST(PlanStateRules, SourcesOfAnotherShapeAreRefusedAndTheOldRuleStays) {
  std::mt19937 random(7);
  PlanState state(some_plan(random));
  auto sources = some_sources(random);
  sources.pop_back();
  EXPECT_THROW(
      state.set_rule(ReplicaRule::SglangDynamic, std::make_shared<const SourceLoads>(sources)),
      Error);
  EXPECT_EQ(state.rule(), ReplicaRule::Weights);
}

TEST(PlanStateRules, RulesHaveNamesForPeople) {
  EXPECT_EQ(rule_title(ReplicaRule::SglangStatic), "SGLang static");
  EXPECT_EQ(rule_title(ReplicaRule::TrtllmEven), "TensorRT-LLM even");
  EXPECT_EQ(rule_title(ReplicaRule::Even), "even split");
  for (const std::string& engine : rule_engines())
    EXPECT_FALSE(engine_title(engine).empty()) << engine;
  EXPECT_EQ(engine_title("no such engine"), "no such engine");
}

}  // namespace
}  // namespace moescope
