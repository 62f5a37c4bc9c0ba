// One count of what a change of plan moves, and figures that name their window.
#include "core/placement/plan_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "core/analysis/serving/plan_effect.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/loads/plan_balance.h"
#include "core/placement/edit/plan_state.h"
#include "core/placement/evaluate.h"
#include "core/placement/plan_origin.h"
#include "core/simulate/model/footprint.h"

namespace moescope {
namespace {

/// Every expert once, the other slots at random; an expert may come twice on a GPU.
Plan random_plan(std::mt19937& random) {
  Plan plan{.num_gpus = 4, .num_nodes = 2, .num_experts = 12};
  for (int l = 0; l < 3; ++l) {
    std::vector<int> row(20);
    std::iota(row.begin(), row.begin() + 12, 0);
    for (std::size_t s = 12; s < row.size(); ++s) row[s] = static_cast<int>(random() % 12);
    std::shuffle(row.begin(), row.end(), random);
    plan.physical_to_logical.push_back(row);
  }
  return plan;
}

// The window said 734 copies and 367 for one change.
TEST(PlanFigures, EveryCountOfCopiesIsTheSame) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const Plan a = random_plan(random), b = random_plan(random);
    const auto copies = plan_copies(a, b).copies;
    std::int64_t by_layer = 0, by_gpu = 0;
    for (std::size_t l = 0; l < a.physical_to_logical.size(); ++l)
      by_layer += copies_needed(b.physical_to_logical[l], a.physical_to_logical[l], 4);
    for (const GpuMoves& gpu : moves_by_gpu(a, b)) by_gpu += gpu.takes;
    PlanState state(b);
    state.set_reference(std::make_shared<const Plan>(a));
    EXPECT_EQ(by_layer, copies);
    EXPECT_EQ(by_gpu, copies);
    EXPECT_EQ(state.copies(), copies);
    EXPECT_EQ(move_cost(a, b, load_hardware("h800"), load_model_shape("tiny")).copies, copies);
  }
}

TEST(PlanFigures, CopiesAreOfOneUnitAndOfAll) {
  Plan a{.num_gpus = 2, .num_experts = 2, .physical_to_logical = {{0, 1}, {0, 1}}};
  Plan b = a;
  b.physical_to_logical[1] = {1, 0};
  const auto moved = plan_copies(a, b, kUnitsOfNode, 24576);
  EXPECT_EQ(moved.slots_changed, 2);
  EXPECT_EQ(moved.copies, 2);
  EXPECT_EQ(moved.copies_in_all(), 4);
  EXPECT_EQ(moved.bytes(), 49152);
  EXPECT_EQ(moved.bytes_in_all(), 98304);
  EXPECT_EQ(copies_text(moved),
            "2 copies in each of 2 units: 4 copies, 96.0 KiB (24.0 KiB per expert)");
  const auto reported = copies_of_node(4, 98304);
  EXPECT_EQ(copies_text(reported), copies_text(moved));
  EXPECT_EQ(copies_text(plan_copies(a, b)), "2 copies");
  EXPECT_EQ(copies_text(plan_copies(a, a, 2, 100)), "0 copies");
  EXPECT_EQ(copies_of_node(0, 0).expert_bytes, std::nullopt);
  b.num_experts = 3;
  EXPECT_THROW(plan_copies(a, b), Error);
}

// The runtime holds float weights, so that its model's experts have 24 KiB, as it reports.
TEST(PlanFigures, AnExpertOfTheTinyModelIsAsLargeAsInTheRuntime) {
  EXPECT_EQ(load_model_shape("tiny").expert_bytes(), 3 * 64 * 32 * 4);
}

TEST(PlanFigures, BalanceNamesItsWindow) {
  LoadSet loads;
  loads.source = "/folder/loads.json";
  loads.experts = 2;
  loads.windows = {{{30, 10}, {10, 10}}, {{10, 10}, {10, 10}}, {{10, 30}, {20, 20}}};
  Plan plan{.num_gpus = 2,
            .num_experts = 2,
            .physical_to_logical = {{0, 1}, {0, 1}},
            .layer_ids = {3, 4}};
  const auto first = plan_balance(plan, loads, 0, 1);
  EXPECT_DOUBLE_EQ(first.worst, 1.5);
  EXPECT_DOUBLE_EQ(first.mean, 1.25);
  EXPECT_EQ(first.worst_layer, 3);
  EXPECT_EQ(to_string(first),
            "1.2500 on average, 1.5000 at worst (layer 3), over window 0 of 3 of loads.json");
  EXPECT_DOUBLE_EQ(plan_balance(plan, loads).worst, 1.0);
  EXPECT_EQ(to_string(load_window(loads, 0, 3)), "all 3 windows of loads.json");
  loads.unit = "decode";
  EXPECT_EQ(to_string(load_window(loads, 1, 3)), "windows 1 to 2 of 3 of loads.json, decode");
  plan.replica_weight = {{1, 1}, {1, 1}};
  EXPECT_DOUBLE_EQ(plan_balance(plan, loads, 0, 1).worst, 1.5);
  EXPECT_THROW(plan_balance(plan, loads, 1, 1), Error);
  EXPECT_THROW(plan_balance(plan, loads, 0, 4), Error);
}

// "102 ms +- 997 us" was shown.
TEST(FigureText, ValueAndErrorHaveOneUnit) {
  EXPECT_EQ(duration_text(102e6, 997e3), "102.00 ± 1.00 ms");
  EXPECT_EQ(duration_text(102e6, 26e6), "102 ± 26 ms");
  EXPECT_EQ(duration_text(1.5e9, 2e3), "1.500 ± 0.000 s");
  EXPECT_EQ(duration_text(950), "950 ns");
  EXPECT_EQ(duration_text(-12345), "-12.3 us");
  EXPECT_EQ(duration_text(0, 0.0), "0.0 ± 0.0 ns");
  EXPECT_EQ(bytes_text(18087936), "17.2 MiB");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(-1234), "-1,234");
  EXPECT_EQ(count_text(12), "12");
}

TEST(PlanOrigin, IsKeptInThePlanFileAndIdentifiesLoads) {
  const Plan plan{.num_gpus = 2, .num_experts = 2, .physical_to_logical = {{0, 1}}};
  const std::vector<LayerLoads> loads = {{{1, 2}}, {{3, 4}}};
  const PlanOrigin origin{"a \"b\".json", digest_of_loads(loads), 0, 1};
  const auto text = with_origin(plan_json(plan), origin);
  EXPECT_EQ(origin_of(text), origin);
  EXPECT_EQ(parse_plan(text, "t").plan, plan);
  EXPECT_TRUE(parse_plan(text, "t").problems.empty());
  EXPECT_NE(digest_of_loads({{{1, 2}}, {{4, 3}}}), origin.digest);
  EXPECT_NE(digest_of_loads({{{1, 2}, {3, 4}}}), origin.digest);
  EXPECT_EQ(origin_of(plan_json(plan)), std::nullopt);
  for (const char* damaged : {"", "[]", R"({"made_from":1})",
                              R"({"made_from":{"loads":"x","digest":"xyz","windows":[0,1]}})",
                              R"({"made_from":{"loads":"x","digest":"00","windows":[1,1]}})",
                              R"({"made_from":{"loads":"x","digest":"00","windows":[0,1e300]}})"})
    EXPECT_EQ(origin_of(damaged), std::nullopt) << damaged;
}

}  // namespace
}  // namespace moescope
