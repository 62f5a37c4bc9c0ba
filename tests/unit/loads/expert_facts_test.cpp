// What is known of a layer, an expert and a GPU, and which windows lie in a range of time.
#include "core/loads/expert_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "core/loads/windows_at.h"
#include "tests/support/small_plan.h"

namespace moescope {
namespace {

using test::one_layer_plan;
using testing::ElementsAre;

/// Expert 0 twice; GPU 0 has 3 + 2 + 3, GPU 1 has 3 + 1 of the experts' {6, 2, 3, 1}.
Plan plan_of_six() {
  return one_layer_plan({0, 1, 2, 0, 3, 3});
}
const std::vector<double> kLoads = {6, 2, 3, 1};

TEST(ExpertFacts, OfAnExpertWithTwoReplicas) {
  const ExpertFacts hot = expert_facts(kLoads, plan_of_six(), 0, 0);
  EXPECT_EQ(hot.standing.tokens, 6);
  EXPECT_DOUBLE_EQ(hot.standing.share, 0.5);
  EXPECT_DOUBLE_EQ(hot.standing.over_mean, 2);
  EXPECT_EQ(hot.standing.rank, 1);
  EXPECT_EQ(hot.standing.of, 4);
  ASSERT_EQ(hot.replicas.size(), 2U);
  EXPECT_EQ(hot.replicas[1].slot, 3);
  EXPECT_EQ(hot.replicas[1].gpu, 1);
  EXPECT_EQ(hot.replicas[1].tokens, 3);
  EXPECT_EQ(expert_facts(kLoads, plan_of_six(), 0, 1).standing.rank, 3);
}

TEST(ExpertFacts, TokensFollowTheWeightsOfThePlan) {
  Plan plan = plan_of_six();
  plan.replica_weight = {{0.25, 1, 1, 0.75, 0.5, 0.5}};
  const ExpertFacts hot = expert_facts(kLoads, plan, 0, 0);
  EXPECT_DOUBLE_EQ(hot.replicas[0].tokens, 1.5);
  EXPECT_DOUBLE_EQ(hot.replicas[1].tokens, 4.5);
}

TEST(ExpertFacts, OfALayerAndItsGpus) {
  const LayerFacts layer = layer_facts(kLoads, plan_of_six(), 0);
  EXPECT_EQ(layer.tokens, 12);
  EXPECT_DOUBLE_EQ(layer.imbalance, 8.0 / 6);
  EXPECT_DOUBLE_EQ(layer.expert_imbalance, 2);
  EXPECT_EQ(layer.heaviest_gpu, 0);
  EXPECT_EQ(layer.hottest, 0);
  const GpuFacts gpu = gpu_facts(kLoads, plan_of_six(), 0, 1);
  EXPECT_EQ(gpu.standing.tokens, 4);
  EXPECT_EQ(gpu.standing.rank, 2);
  EXPECT_THAT(gpu.experts, ElementsAre(0, 3, 3));
  EXPECT_DOUBLE_EQ(gpu.replicas[1].tokens, 0.5);
}

TEST(ExpertFacts, WithoutLoadNothingIsDividedByZero) {
  const std::vector<double> none(4, 0.0);
  EXPECT_EQ(expert_facts(none, plan_of_six(), 0, 2).standing.share, 0);
  EXPECT_EQ(layer_facts(none, plan_of_six(), 0).imbalance, 1);
}

TEST(ExpertFacts, PartsOfSlotsAddUpToTheExpertsAndGpus) {
  std::mt19937 random(3);
  Plan plan;
  plan.num_gpus = 8;
  plan.num_nodes = 2;
  plan.num_experts = 24;
  std::vector<int> row(32);
  for (std::size_t s = 0; s < row.size(); ++s) row[s] = s < 24 ? static_cast<int>(s) : 0;
  for (std::size_t s = 24; s < row.size(); ++s) row[s] = static_cast<int>(random() % 24);
  std::shuffle(row.begin(), row.end(), random);
  plan.physical_to_logical = {row};
  std::vector<double> loads(24);
  for (double& load : loads) load = static_cast<double>(random() % 100);
  std::vector<double> by_gpu(8, 0.0);
  for (int e = 0; e < 24; ++e) {
    double sum = 0;
    for (const ReplicaFacts& replica : expert_facts(loads, plan, 0, e).replicas) {
      EXPECT_EQ(row[static_cast<std::size_t>(replica.slot)], e);
      EXPECT_EQ(replica.gpu, replica.slot / 4);
      EXPECT_EQ(replica.node, replica.slot / 16);
      sum += replica.tokens;
      by_gpu[static_cast<std::size_t>(replica.gpu)] += replica.tokens;
    }
    EXPECT_NEAR(sum, loads[static_cast<std::size_t>(e)], 1e-9);
  }
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / 8;
  for (int gpu = 0; gpu < 8; ++gpu)
    EXPECT_NEAR(gpu_facts(loads, plan, 0, gpu).standing.tokens,
                by_gpu[static_cast<std::size_t>(gpu)], 1e-9);
  EXPECT_NEAR(layer_facts(loads, plan, 0).imbalance,
              *std::max_element(by_gpu.begin(), by_gpu.end()) / mean, 1e-9);
}

TEST(ExpertFacts, RowsOfLoadsAndLayersOfTheModel) {
  LoadSet loads;
  loads.windows = {{{1}, {1}, {1}}};
  EXPECT_EQ(row_of_layer(loads, 2), 2);
  EXPECT_FALSE(row_of_layer(loads, 3));
  loads.layer_ids = {3, 5, 8};
  EXPECT_EQ(row_of_layer(loads, 5), 1);
  EXPECT_FALSE(row_of_layer(loads, 1));
  EXPECT_EQ(layer_of_row(loads, 2), 8);
}

TEST(WindowsAt, AreThoseThatShareTime) {
  LoadSet loads;
  EXPECT_FALSE(windows_at(loads, 0, 100)) << "no times";
  loads.times = {{0, 10}, {10, 20}, {20, 30}, {40, 50}};
  using Windows = std::pair<int, int>;
  EXPECT_EQ(windows_at(loads, 0, 100), Windows(0, 4));
  EXPECT_EQ(windows_at(loads, 10, 20), Windows(1, 2));
  EXPECT_EQ(windows_at(loads, 19, 21), Windows(1, 3));
  EXPECT_FALSE(windows_at(loads, 30, 40)) << "between two windows";
  EXPECT_FALSE(windows_at(loads, 50, 60));
}

}  // namespace
}  // namespace moescope
