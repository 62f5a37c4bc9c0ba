// Renaming GPUs and slots of a new plan after the running one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/placement/eplb/eplb.h"
#include "core/placement/solve/assignment.h"
#include "core/placement/solve/relabel.h"
#include "core/placement/validate.h"
#include "tests/support/load_generator.h"
#include "tests/support/solve_machine.h"

namespace moescope {
namespace {

using test::machine;

/// Every order of 0..size-1 is tried.
long cheapest_by_trying(const std::vector<long>& cost, int size) {
  std::vector<int> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  long best = -1;
  do {
    long sum = 0;
    for (int i = 0; i < size; ++i)
      sum += cost[static_cast<std::size_t>(i * size + order[static_cast<std::size_t>(i)])];
    if (best < 0 || sum < best) best = sum;
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(Assignment, IsTheCheapestOfAllOrders) {
  test::LoadRandom random(5);
  for (int round = 0; round < 200; ++round) {
    const int size = 1 + round % 7;
    std::vector<long> cost(static_cast<std::size_t>(size * size));
    for (auto& c : cost) c = static_cast<long>(random.next() % (round % 3 == 0 ? 3 : 1000));
    const auto column = cheapest_assignment(cost, size);
    EXPECT_EQ(std::set<int>(column.begin(), column.end()).size(), static_cast<std::size_t>(size));
    long sum = 0;
    for (int i = 0; i < size; ++i)
      sum += cost[static_cast<std::size_t>(i * size + column[static_cast<std::size_t>(i)])];
    EXPECT_EQ(sum, cheapest_by_trying(cost, size)) << "round " << round;
  }
}

TEST(Assignment, OfNothingIsNothing) {
  EXPECT_TRUE(cheapest_assignment({}, 0).empty());
}

using Content = std::multiset<std::multiset<int>>;

/// Experts of each GPU, as a set without order; with `nodes` > 1, of the GPUs of each node.
std::multiset<Content> contents(const std::vector<int>& row, int gpus, int nodes = 1) {
  std::multiset<Content> all;
  const int per_gpu = static_cast<int>(row.size()) / gpus, size = gpus / nodes;
  for (int n = 0; n < nodes; ++n) {
    Content node;
    for (int g = n * size; g < (n + 1) * size; ++g)
      node.insert(std::multiset<int>(row.begin() + g * per_gpu, row.begin() + (g + 1) * per_gpu));
    all.insert(std::move(node));
  }
  return all;
}

TEST(Relabel, FindsTheRunningPlanAgain) {
  const std::vector<int> running = {0, 1, 2, 3, 4, 5};
  const std::vector<int> fresh = {5, 4, 1, 0, 3, 2};
  EXPECT_EQ(relabel_row(fresh, running, 6, machine(3, 6), 0), running);
}

TEST(Relabel, ExpertsThatStayKeepTheirSlots) {
  // GPU 1 of the new plan holds 2 and 3 and one new; 3 and 2 stay where they are.
  const std::vector<int> running = {0, 1, 6, 2, 7, 3};
  const std::vector<int> fresh = {3, 5, 2, 1, 0, 6};
  EXPECT_EQ(relabel_row(fresh, running, 8, machine(2, 6), 0), (std::vector<int>{0, 1, 6, 2, 5, 3}));
}

TEST(Relabel, NodesStayTogetherUnlessHierarchyIsOff) {
  // Node 0 holds {0 1} {2 3}, node 1 {4 5} {6 7}; the new plan pairs the GPUs otherwise.
  const std::vector<int> running = {0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<int> fresh = {6, 7, 0, 1, 4, 5, 2, 3};
  auto options = machine(4, 8, 2, 2);
  EXPECT_EQ(relabel_row(fresh, running, 8, options, 0), running);
  options.hierarchy = Hierarchy::Hard;
  const auto row = relabel_row(fresh, running, 8, options, 0);
  EXPECT_EQ(contents(row, 4, 2), contents(fresh, 4, 2));
  EXPECT_EQ(copies_needed(row, running, 4), 4);  // two of four GPUs can stay
}

TEST(Relabel, PinsBansAndDeadGpusAreKept) {
  auto options = machine(4, 8);
  options.pinned = {{-1, 7, 0}};    // GPU 3, second slot
  options.forbidden = {{0, 0, 4}};  // in layer 0 only
  options.dead_gpus = {2};
  const std::vector<int> running = {4, 5, 0, 1, 2, 3, 1, 3};
  const std::vector<int> fresh = {2, 3, 4, 5, kNoExpert, kNoExpert, 1, 0};
  const auto row = relabel_row(fresh, running, 6, options, 0);
  EXPECT_EQ(row[7], 0);
  EXPECT_EQ(row[4], kNoExpert);
  EXPECT_EQ(row[5], kNoExpert);
  EXPECT_EQ(row, (std::vector<int>{2, 3, 4, 5, kNoExpert, kNoExpert, 1, 0}));
  // In another layer expert 4 may go home to GPU 0.
  EXPECT_EQ(relabel_row(fresh, running, 6, options, 1),
            (std::vector<int>{4, 5, 2, 3, kNoExpert, kNoExpert, 1, 0}));
}

TEST(Relabel, ARebuildKeepsBalanceAndCopiesLess) {
  const auto before = test::r1_loads(1, 0, 4), after = test::r1_loads(1, 0.3, 4);
  const auto running = eplb_plan(before, 288, 1, 1, 32);
  for (const auto hierarchy : {Hierarchy::Off, Hierarchy::Soft, Hierarchy::Hard}) {
    auto options = machine(32, 288, 4, 8);
    options.hierarchy = hierarchy;
    options.split_best = true;
    const auto fresh = solve_plan({after}, options, no_progress());
    options.from = &running;
    options.rebuild = true;
    const auto rebuilt = solve_plan({after}, options, no_progress());
    EXPECT_FALSE(has_errors(validate_plan(rebuilt.plan)));
    const bool off = hierarchy == Hierarchy::Off;
    for (std::size_t l = 0; l < 4; ++l) {
      const auto &a = fresh.plan.physical_to_logical[l], &b = rebuilt.plan.physical_to_logical[l];
      EXPECT_EQ(contents(a, 32, off ? 1 : 4), contents(b, 32, off ? 1 : 4));
      const auto& old = running.physical_to_logical[l];
      EXPECT_EQ(rebuilt.layers[l].copies, copies_needed(b, old, 32));
      EXPECT_LT(rebuilt.layers[l].copies, copies_needed(a, old, 32));
      EXPECT_DOUBLE_EQ(rebuilt.layers[l].imbalance, fresh.layers[l].imbalance);
    }
    const auto judged = evaluate_plan(rebuilt.plan, after, {}, no_progress());
    for (const auto& layer : judged) EXPECT_NEAR(*layer.weighted, layer.best_split, 1e-9);
  }
}

TEST(Relabel, ARebuildNeedsARunningPlanAndNoBudget) {
  auto options = machine(4, 8);
  options.rebuild = true;
  EXPECT_THROW(solve_plan({{{1, 2, 3, 4, 5, 6, 7, 8}}}, options, no_progress()), Error);
  const Plan running = solve_plan({{{1, 2, 3, 4, 5, 6, 7, 8}}}, machine(4, 8), no_progress()).plan;
  options.from = &running;
  options.max_copies = 2;
  EXPECT_THROW(solve_plan({{{1, 2, 3, 4, 5, 6, 7, 8}}}, options, no_progress()), Error);
}

}  // namespace
}  // namespace moescope
