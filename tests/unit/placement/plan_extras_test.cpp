// What a plan can hold beside plain experts: a shared expert, idle slots; and what no plan
// survives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/placement/active.h"
#include "core/placement/solve/actions.h"
#include "core/placement/solve/construct.h"
#include "core/placement/solve/shared_expert.h"
#include "core/placement/validate.h"
#include "tests/support/gate_routes.h"
#include "tests/support/load_generator.h"
#include "tests/support/solve_machine.h"

namespace moescope {
namespace {

using test::machine;

TEST(Construct, PutsTheSecondReplicaElsewhereThoughItsGpuIsLightest) {
  // Expert 0 fills GPU 0 alone; both replicas of expert 1 would go to GPU 1, the lightest twice.
  SearchProblem problem;
  problem.experts = 3;
  problem.gpus = 2;
  problem.slots_per_gpu = 2;
  problem.allowed = {1, 0, 1, 1, 1, 1};
  const auto row = construct_row(problem, {100, 10, 4}, {{{0, 1, 2}, {0, 1}}});
  EXPECT_EQ(std::set<int>(row.begin(), row.begin() + 2).size(), 2U);
  EXPECT_EQ(std::set<int>(row.begin() + 2, row.end()).size(), 2U);
}

TEST(Construct, MakesRoomWhenOnlyTheOwnGpuHasASlotLeft) {
  SearchProblem problem;
  problem.experts = 4;
  problem.gpus = 3;
  problem.slots_per_gpu = 2;
  for (unsigned seed = 1; seed < 40; ++seed) {
    test::LoadRandom random(seed);
    std::vector<double> loads(4);
    for (auto& l : loads) l = std::exp(3 * random.gauss());
    const auto row = construct_row(problem, loads, {{{0, 1, 2, 3}, {0, 1, 2}}});
    for (int g = 0; g < 3; ++g)
      EXPECT_NE(row[static_cast<std::size_t>(2 * g)], row[static_cast<std::size_t>(2 * g + 1)])
          << "seed " << seed << ", GPU " << g;
  }
}

TEST(SharedExpert, IsOneMoreExpertOnChosenGpus) {
  const auto loads = with_shared_expert(test::r1_loads(1, 0, 2, 32), 8);
  ASSERT_EQ(loads[0].size(), 33U);
  EXPECT_DOUBLE_EQ(loads[0][32] * 8, std::accumulate(loads[0].begin(), loads[0].end() - 1, 0.0));
  auto options = machine(16, 48);
  keep_on(options, 32, {12, 13, 14, 15});
  const auto plan = solve_plan({loads}, options, no_progress()).plan;
  EXPECT_FALSE(has_errors(validate_plan(plan)));
  for (const auto& row : plan.physical_to_logical)
    for (std::size_t s = 0; s < row.size(); ++s)
      EXPECT_TRUE(row[s] != 32 || s / 3 >= 12) << "slot " << s;
  EXPECT_THROW(keep_on(options, 32, {}), Error);
  EXPECT_THROW(keep_on(options, 32, {16}), Error);
  EXPECT_THROW(with_shared_expert(loads, 0), Error);
}

TEST(ActiveSlots, ByHand) {
  // GPUs hold {0 1 2}, {1 2 3}; two of three are active. Expert 0 and 3 have one host each.
  const std::vector<int> row = {0, 1, 2, 1, 2, 3};
  const auto choice = choose_active(row, std::vector<double>{10, 6, 6, 10}, 3, 2);
  EXPECT_EQ(std::count(choice.row.begin(), choice.row.end(), kNoExpert), 2);
  EXPECT_DOUBLE_EQ(choice.split.max_load, 16);
}

TEST(ActiveSlots, CoverEveryExpertAndKeepToTheLimit) {
  const auto loads = test::r1_loads(3, 0, 4, 64);
  const auto plan = solve_plan({loads}, machine(16, 128), no_progress()).plan;
  for (std::size_t l = 0; l < loads.size(); ++l) {
    const auto& row = plan.physical_to_logical[l];
    double last = 1e300;
    for (const int active : {5, 6, 8}) {
      const auto choice = choose_active(row, loads[l], 8, active);
      std::set<int> covered;
      for (std::size_t g = 0; g < 16; ++g) {
        int used = 0;
        for (std::size_t s = g * 8; s < (g + 1) * 8; ++s) {
          if (choice.row[s] == kNoExpert) continue;
          EXPECT_EQ(choice.row[s], row[s]);
          covered.insert(choice.row[s]);
          ++used;
        }
        EXPECT_LE(used, active);
      }
      EXPECT_EQ(covered.size(), 64U);
      const double mean = std::accumulate(loads[l].begin(), loads[l].end(), 0.0) / 16;
      EXPECT_GE(choice.split.max_load, mean * (1 - 1e-9));
      EXPECT_LE(choice.split.max_load, last * 1.05);  // more slots are hardly ever worse
      last = choice.split.max_load;
    }
  }
}

TEST(ActiveSlots, SayWhichExpertDoesNotFit) {
  EXPECT_THROW(choose_active({0, 1}, std::vector<double>{1, 1}, 2, 1), Error);
  const auto idle = choose_active({0, 1}, std::vector<double>{1, 0}, 2, 1);
  EXPECT_EQ(idle.row, (std::vector<int>{0, kNoExpert}));
  // Expert 0 must leave GPU 0 to expert 1, which lives nowhere else.
  const auto moved = choose_active({0, 1, 0, 2}, std::vector<double>{9, 1, 0}, 2, 1);
  EXPECT_EQ(moved.row, (std::vector<int>{kNoExpert, 1, 0, kNoExpert}));
}

/// Goal E: at most 3 % more remote nodes per token, nearest replica first, at imbalance 1.01.
TEST(SoftHierarchy, CostsLittleTraffic) {
  const auto routes = test::gate_routes(test::r1_loads(1, 0, 6), 1000, 8, 4, 8, 7);
  const auto loads = test::loads_of_routes(routes, 256);
  EvaluateOptions evaluate;
  evaluate.routes = &routes;
  const auto judge = [&](Hierarchy hierarchy) {
    auto options = machine(32, 288, 4, 8);
    options.hierarchy = hierarchy;
    const auto plan = solve_plan({loads}, options, no_progress()).plan;
    double equal = 0, remote = 0;
    for (const auto& l : evaluate_plan(plan, loads, evaluate, no_progress())) {
      equal += l.equal / 6;
      remote += l.remote_nodes_per_token.value() / 6;
    }
    return std::pair(equal, remote);
  };
  const auto hard = judge(Hierarchy::Hard), soft = judge(Hierarchy::Soft);
  EXPECT_LE(soft.first, 1.0101);
  EXPECT_GT(hard.first, 1.03);
  EXPECT_LE(soft.second, hard.second * 1.03);
}

TEST(Robustness, APlanOfSeveralWindowsIsGoodForEach) {
  const auto a = test::r1_loads(1, 0, 3, 64), b = test::r1_loads(1, 0.4, 3, 64);
  const auto worst = [&](const Plan& plan) {
    double most = 0;
    for (const auto* loads : {&a, &b})
      for (const auto& l : evaluate_plan(plan, *loads, {}, no_progress()))
        most = std::max(most, l.equal);
    return most;
  };
  const auto both = solve_plan({a, b}, machine(16, 96), no_progress()).plan;
  const auto one = solve_plan({a}, machine(16, 96), no_progress()).plan;
  EXPECT_LT(worst(both), worst(one));
}

TEST(Robustness, HugeAndTinyLoadsTogetherKeepTheirMeaning) {
  std::vector<double> loads(32, 1e-3);
  loads[5] = 1e15;
  const auto result = solve_plan({{loads}}, machine(8, 40), no_progress());
  const auto layer = evaluate_plan(result.plan, {loads}, {}, no_progress())[0];
  EXPECT_NEAR(layer.equal, layer.bound, 1e-6);
  EXPECT_TRUE(std::isfinite(layer.best_split));
}

TEST(PlanActions, CostMoreAndBalanceBetterInTheirOrder) {
  const auto before = test::r1_loads(1, 0, 4), after = test::r1_loads(1, 0.3, 4);
  const auto running = solve_plan({before}, machine(32, 288), no_progress()).plan;
  auto options = machine(32, 288);
  options.from = &running;
  options.max_copies = 12;
  const auto migrated = solve_plan({after}, options, no_progress()).plan;
  const auto actions = plan_actions({after}, options, migrated, no_progress());
  ASSERT_EQ(actions.size(), 3U);
  EXPECT_EQ(actions[0].kind, PlanAction::Kind::Resplit);
  EXPECT_EQ(actions[0].copies, 0);
  EXPECT_EQ(actions[0].plan.physical_to_logical, running.physical_to_logical);
  EXPECT_GT(actions[1].copies, 0);
  EXPECT_LE(actions[1].copies, 4 * 12);
  EXPECT_GT(actions[2].copies, 4 * 100);
  EXPECT_GT(actions[0].best_split.mean, actions[1].best_split.mean);
  EXPECT_GT(actions[1].best_split.mean, actions[2].best_split.mean);
  for (const auto& action : actions) EXPECT_FALSE(has_errors(validate_plan(action.plan)));
}

}  // namespace
}  // namespace moescope
