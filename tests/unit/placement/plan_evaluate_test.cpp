// Figures of plans against the reference evaluator and against brute force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "core/error.h"
#include "core/placement/bounds.h"
#include "core/placement/evaluate.h"
#include "core/placement/split.h"
#include "tests/support/data.h"

namespace moescope {
namespace {

using nlohmann::json;
using Map = std::vector<std::vector<int>>;

Plan plan_of(const json& v, const char* map) {
  Plan plan;
  plan.num_gpus = v["num_gpus"];
  plan.num_nodes = v["num_nodes"];
  plan.num_groups = v["num_groups"];
  plan.physical_to_logical = v[map].get<Map>();
  plan.num_experts = static_cast<int>(v["logical_count"][0].size());
  return plan;
}

json golden() {
  std::ifstream file(MOESCOPE_SOURCE_DIR "/tests/golden/placement/vectors.json");
  return json::parse(file);
}

TEST(PlanEvaluate, EqualsTheReferenceEvaluator) {
  Progress progress;
  for (const auto& v : golden()) {
    auto plan = plan_of(v, "physical_to_logical_map");
    plan.replica_weight = v["replica_weight"].get<LayerLoads>();
    auto previous = plan;
    previous.physical_to_logical = v["previous"].get<Map>();
    const auto loads = v["logical_count"].get<LayerLoads>();
    EvaluateOptions options;
    options.previous = &previous;
    const auto layers = evaluate_plan(plan, loads, options, progress);
    int duplicates = 0, components = 0, off = 0, copies = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(v["experts"].dump() + " experts, layer " + std::to_string(l));
      EXPECT_NEAR(layers[l].equal, v["equal"][l], 1e-9);
      EXPECT_NEAR(layers[l].weighted.value(), v["weighted"][l], 1e-7);
      EXPECT_NEAR(layers[l].best_split, v["best_split"][l], 1e-9);
      EXPECT_NEAR(layers[l].bound, v["bound"][l], 1e-9);
      ASSERT_EQ(layers[l].bound_hierarchical.has_value(), !v["bound_hierarchical"].empty());
      if (layers[l].bound_hierarchical) {
        EXPECT_NEAR(*layers[l].bound_hierarchical, v["bound_hierarchical"][l], 1e-9);
      }
      duplicates += layers[l].duplicate_slots;
      components += layers[l].components;
      off += layers[l].off_node_copies;
      copies += layers[l].copies.value();
    }
    EXPECT_EQ(duplicates, v["duplicate_slots"]);
    EXPECT_EQ(components, v["components"]);
    EXPECT_EQ(off, v["off_node_copies"]);
    EXPECT_EQ(copies, v["copies"]);
  }
}

TEST(PlanEvaluate, EqualsTheSharedVectors) {
  MOESCOPE_REQUIRE_DATA("placement_vectors.json");
  std::ifstream file(test::shared_data("placement_vectors.json"));
  Progress progress;
  for (const auto& v : json::parse(file)) {
    const auto plan = plan_of(v, "baseline_physical_to_logical_map");
    const auto layers =
        evaluate_plan(plan, v["logical_count"].get<LayerLoads>(), EvaluateOptions{}, progress);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(v["name"]);
      EXPECT_NEAR(layers[l].equal, v["baseline_equal"][l], 1e-8);
      EXPECT_NEAR(layers[l].best_split, v["baseline_lp"][l], 1e-8);
      EXPECT_NEAR(layers[l].bound, v["bound"][l], 1e-8);
      if (!v["bound_hierarchical"].empty()) {
        EXPECT_NEAR(layers[l].bound_hierarchical.value(), v["bound_hierarchical"][l], 1e-8);
      }
    }
  }
}

/// max over sets of experts of their load / the GPUs that host them, by enumeration.
double brute_force_split(const std::vector<int>& row, const std::vector<double>& loads, int gpus) {
  const int per_gpu = static_cast<int>(row.size()) / gpus;
  double best = 0;
  for (unsigned set = 1; set < 1U << loads.size(); ++set) {
    double load = 0;
    std::vector<bool> hosts(static_cast<std::size_t>(gpus));
    for (std::size_t e = 0; e < loads.size(); ++e)
      if ((set >> e & 1U) != 0) load += loads[e];
    for (std::size_t s = 0; s < row.size(); ++s)
      if ((set >> row[s] & 1) != 0) hosts[s / static_cast<std::size_t>(per_gpu)] = true;
    best = std::max(best, load / static_cast<double>(std::count(hosts.begin(), hosts.end(), true)));
  }
  return best;
}

/// A plan with every expert somewhere and random replicas.
std::vector<int> random_row(std::mt19937& random, int experts, int slots) {
  std::vector<int> row(static_cast<std::size_t>(slots));
  for (int s = 0; s < slots; ++s)
    row[static_cast<std::size_t>(s)] =
        s < experts ? s : static_cast<int>(random() % static_cast<unsigned>(experts));
  std::shuffle(row.begin(), row.end(), random);
  return row;
}

TEST(BestSplit, EqualsTheMaximumOverAllSetsOfExperts) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int gpus = 2 + round % 4, per_gpu = 2 + round % 3, slots = gpus * per_gpu;
    const int experts = std::min(slots, 3 + round % 6);
    const auto row = random_row(random, experts, slots);
    std::vector<double> loads(static_cast<std::size_t>(experts));
    for (auto& l : loads) l = random() % 5 == 0 ? 0 : static_cast<double>(random() % 1000);
    if (std::accumulate(loads.begin(), loads.end(), 0.0) == 0) loads[0] = 1;
    const auto split = best_split(row, loads, per_gpu);
    EXPECT_NEAR(split.max_load, brute_force_split(row, loads, gpus), 1e-7 * split.max_load);
    // The weights reach what the value promises.
    const auto reached = gpu_loads(row, loads, gpus, split.weight);
    EXPECT_NEAR(*std::max_element(reached.begin(), reached.end()), split.max_load,
                1e-7 * split.max_load);
    std::vector<double> sum(loads.size(), 0.0);
    for (std::size_t s = 0; s < row.size(); ++s) {
      EXPECT_GE(split.weight[s], 0);
      sum[static_cast<std::size_t>(row[s])] += split.weight[s];
    }
    for (const double w : sum) EXPECT_NEAR(w, 1, 1e-9);
  }
}

/// Smallest heaviest replica over all counts, by enumeration.
double brute_force_heaviest(const std::vector<double>& loads, std::size_t from, int slots) {
  if (from + 1 == loads.size()) return loads[from] / slots;
  double best = 1e300;
  for (int c = 1; c <= slots - static_cast<int>(loads.size() - from - 1); ++c)
    best =
        std::min(best, std::max(loads[from] / c, brute_force_heaviest(loads, from + 1, slots - c)));
  return best;
}

TEST(Bounds, HeaviestReplicaIsTheMinimumOverAllCounts) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> loads(2 + static_cast<std::size_t>(round) % 4);
    for (auto& l : loads) l = static_cast<double>(random() % 1000);
    const int slots = static_cast<int>(loads.size()) + round % 7;
    EXPECT_DOUBLE_EQ(heaviest_replica(loads, slots), brute_force_heaviest(loads, 0, slots));
  }
}

TEST(Bounds, ManyGroupsGiveAnAssignmentButNoBound) {
  std::vector<double> loads(64);
  std::iota(loads.begin(), loads.end(), 1.0);
  EXPECT_EQ(hierarchical_bound(loads, 64, 16, 4, 16), std::nullopt);
  const auto assignment = assign_groups(loads, 64, 16, 4, 16);
  for (int n = 0; n < 4; ++n)
    EXPECT_EQ(std::count(assignment.node_of_group.begin(), assignment.node_of_group.end(), n), 4);
  // 2080 / 16 GPUs: groups of consecutive loads pair up evenly.
  EXPECT_NEAR(assignment.cost, 130, 130 * 0.02);
}

TEST(PlanEvaluate, ALayerWithoutLoadIsBalanced) {
  Plan plan{.num_gpus = 2, .num_experts = 2, .physical_to_logical = {{0, 1}}};
  Progress progress;
  const auto layer = evaluate_plan(plan, {{0, 0}}, EvaluateOptions{}, progress)[0];
  EXPECT_EQ(layer.equal, 1);
  EXPECT_EQ(layer.best_split, 1);
  EXPECT_EQ(layer.bound, 1);
  EXPECT_EQ(layer.bound_hierarchical, std::nullopt);
  EXPECT_TRUE(layer.no_load);
}

TEST(PlanEvaluate, DeadGpusCarryNothingAndDoNotCount) {
  Plan plan{.num_gpus = 3,
            .num_experts = 2,
            .physical_to_logical = {{0, 1, kNoExpert, kNoExpert, 1, 0}},
            .dead_gpus = {1}};
  Progress progress;
  const auto layer = evaluate_plan(plan, {{30, 10}}, EvaluateOptions{}, progress)[0];
  EXPECT_EQ(layer.equal, 1);  // 20 on each of two live GPUs
  EXPECT_EQ(layer.best_split, 1);
  EXPECT_EQ(layer.components, 1);
}

TEST(PlanEvaluate, RemoteNodesCountEachNodeOncePerToken) {
  // Node 0 holds experts 0 and 1, node 1 holds 2 and 3; a copy of 2 is on node 0.
  Plan plan{
      .num_gpus = 2, .num_nodes = 2, .num_experts = 4, .physical_to_logical = {{0, 1, 2, 3, 2, 0}}};
  Routes routes{.layers = 1,
                .top_k = 2,
                .experts = {1, 3,     // token on node 0: visits node 1
                            1, 3,     // on node 1: visits node 0
                            0, 2,     // on node 0: both there
                            3, -1}};  // on node 1: there
  Progress progress;
  EvaluateOptions options;
  options.routes = &routes;
  const auto layer = evaluate_plan(plan, {{1, 1, 1, 1}}, options, progress)[0];
  EXPECT_DOUBLE_EQ(layer.remote_nodes_per_token.value(), 0.5);
}

TEST(PlanEvaluate, LoadsOfAnotherShapeAreRefused) {
  Plan plan{.num_gpus = 2, .num_experts = 2, .physical_to_logical = {{0, 1}}};
  Progress progress;
  EXPECT_THROW(evaluate_plan(plan, {{1, 1}, {1, 1}}, EvaluateOptions{}, progress), Error);
  EXPECT_THROW(evaluate_plan(plan, {{1, 1, 1}}, EvaluateOptions{}, progress), Error);
}

TEST(PlanEvaluate, Summary) {
  std::vector<double> values(20);
  std::iota(values.begin(), values.end(), 1.0);
  const auto s = summarize(values);
  EXPECT_DOUBLE_EQ(s.mean, 10.5);
  EXPECT_DOUBLE_EQ(s.p95, 19);
  EXPECT_DOUBLE_EQ(s.max, 20);
}

}  // namespace
}  // namespace moescope
