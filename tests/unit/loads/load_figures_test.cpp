// Matrices, the plan of GPU figures, balance over time and bounds, against hand counts and real
// data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/loads/balance.h"
#include "core/loads/load_matrix.h"
#include "core/loads/placement_of_loads.h"
#include "core/placement/bounds.h"
#include "tests/support/data.h"

namespace moescope {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

LoadSet small_loads() {
  LoadSet loads;
  loads.source = "loads";
  loads.experts = 4;
  loads.windows = {{{1, 2, 3, 4}, {0, 0, 0, 0}}, {{4, 3, 2, 1}, {8, 0, 0, 0}}};
  return loads;
}

Plan small_plan() {
  Plan plan;
  plan.num_gpus = 3;
  plan.num_experts = 4;
  plan.physical_to_logical = {{0, 1, 2, 3, 0, 1}, {0, 1, 2, 3, 2, 3}};
  return plan;
}

TEST(LoadMatrix, GpusTakeEqualSharesOfReplicas) {
  const auto m = gpu_by_layer({{2, 4, 6, 8}, {1, 1, 2, 2}}, small_plan());
  EXPECT_EQ(m.rows, 3);
  EXPECT_EQ(m.columns, 2);
  EXPECT_THAT(m.values, ElementsAre(3, 2, 14, 2, 3, 2));
}

TEST(LoadMatrix, DeadGpusAreMissingNotZero) {
  Plan plan = small_plan();
  plan.dead_gpus = {2};
  for (auto& row : plan.physical_to_logical) row[4] = row[5] = kNoExpert;
  const auto m = gpu_by_layer({{2, 4, 6, 8}, {1, 1, 2, 2}}, plan);
  EXPECT_EQ(m.at(0, 0), 6);
  EXPECT_TRUE(std::isnan(m.at(2, 0)));
  EXPECT_EQ(sum_rows(m, 3).at(0, 0), 20);
}

TEST(LoadMatrix, SumsAndRatios) {
  const auto m = layer_by_expert({{1, 2, 3, 6}, {0, 0, 0, 0}});
  EXPECT_THAT(sum_columns(m, 2).values, ElementsAre(3, 9, 0, 0));
  const auto relative = relative_to_mean(m, LayerAxis::Rows);
  EXPECT_DOUBLE_EQ(relative.at(0, 3), 2);
  EXPECT_TRUE(std::isnan(relative.at(1, 0)));  // a layer without load has no mean
  const auto columns = relative_to_mean(m, LayerAxis::Columns);
  EXPECT_DOUBLE_EQ(columns.at(0, 0), 2);
}

TEST(LoadMatrix, ChangeIsInUnitsOfTheMean) {
  const auto before = layer_by_expert({{1, 1, 1, 1}}), after = layer_by_expert({{20, 10, 10, 0}});
  EXPECT_THAT(change_of(before, after, LayerAxis::Rows).values, ElementsAre(1, 0, 0, -1));
  EXPECT_THROW(change_of(before, layer_by_expert({{1, 2}}), LayerAxis::Rows), Error);
}

TEST(LoadMatrix, ExpertsOverWindows) {
  const auto m = expert_by_window(small_loads(), 0, 0, 2);
  EXPECT_THAT(m.values, ElementsAre(1, 4, 2, 3, 3, 2, 4, 1));
}

TEST(PlacementOfLoads, PrefersThePlanThenWhatRanThenOrder) {
  LoadSet loads = small_loads();
  auto view = placement_of_loads(loads, nullptr, {.gpus = 2});
  EXPECT_EQ(view.origin, PlacementOfLoads::Origin::InOrder);
  EXPECT_EQ(view.plan.num_gpus, 2);
  EXPECT_TRUE(view.assumed_gpus);
  EXPECT_THAT(describe(view), HasSubstr("experts in order on 2 GPUs (assumed)"));
  loads.running_map = {{0, 1, 2, 3, 0, 1}, {0, 1, 2, 3, 0, 1}};
  loads.num_gpus = 2;
  view = placement_of_loads(loads, nullptr);
  EXPECT_EQ(view.origin, PlacementOfLoads::Origin::Running);
  EXPECT_FALSE(view.assumed_gpus);
  const Plan plan = small_plan();
  view = placement_of_loads(loads, &plan);
  EXPECT_EQ(view.origin, PlacementOfLoads::Origin::Plan);
  EXPECT_THAT(view.note, IsEmpty());
}

TEST(PlacementOfLoads, APlanThatDoesNotFitIsNamedAndNotUsed) {
  const LoadSet loads = small_loads();
  Plan plan = small_plan();
  plan.physical_to_logical.pop_back();
  auto view = placement_of_loads(loads, &plan);
  EXPECT_EQ(view.origin, PlacementOfLoads::Origin::InOrder);
  EXPECT_THAT(view.note, HasSubstr("1 layers, the loads have 2"));
  plan = small_plan();
  plan.physical_to_logical[1] = {0, 1, 2, 2, 0, 1};
  EXPECT_THAT(placement_of_loads(loads, &plan).note, HasSubstr("errors"));
}

TEST(PlacementOfLoads, ABrokenRunningMapIsNotUsed) {
  LoadSet loads = small_loads();
  loads.running_map = {{0, 1, 2, 7}, {0, 1, 2, 3}};
  const auto view = placement_of_loads(loads, nullptr);
  EXPECT_EQ(view.origin, PlacementOfLoads::Origin::InOrder);
  EXPECT_THAT(view.note, HasSubstr("of the recorded placement"));
}

TEST(PlacementOfLoads, GpusThatDoNotDivideTheExpertsBecomeFewer) {
  EXPECT_EQ(placement_of_loads(small_loads(), nullptr, {.gpus = 3}).plan.num_gpus, 2);
  LoadSet one = small_loads();
  one.experts = 1;
  one.windows = {{{5}}};
  EXPECT_EQ(placement_of_loads(one, nullptr).plan.num_gpus, 1);
}

TEST(Balance, OverWindowsByEveryMetric) {
  const auto loads = small_loads();
  const auto view = placement_of_loads(loads, nullptr, {.gpus = 2});
  Progress progress;
  const auto ratio = balance_over_windows(loads, view.plan, BalanceMetric::MaxOverMean, progress);
  EXPECT_THAT(ratio, ElementsAre(ElementsAre(1.4, 1), ElementsAre(1.4, 2)));
  const auto excess = balance_over_windows(loads, view.plan, BalanceMetric::Excess, progress);
  EXPECT_NEAR(excess[1][1], 1, 1e-12);
  progress.cancel();
  EXPECT_THROW(balance_over_windows(loads, view.plan, BalanceMetric::Cv, progress), Cancelled);
}

TEST(Balance, MeasuredLoadsAreTakenAsTheyAre) {
  LoadSet loads = small_loads();
  EXPECT_THAT(measured_balance(loads, BalanceMetric::MaxOverMean), IsEmpty());
  loads.measured = {{{1, 3}, {2, 2}}, {{4, 0}, {5, 3}}};
  EXPECT_THAT(measured_balance(loads, BalanceMetric::MaxOverMean),
              ElementsAre(ElementsAre(1.5, 1), ElementsAre(2, 1.25)));
}

TEST(Balance, MetricsOfAlikeLoadsAreTheirBalancedValues) {
  for (const BalanceMetric metric : kBalanceMetrics)
    EXPECT_NEAR(value_of(unevenness({3, 3, 3, 3}), metric), balanced_value(metric), 1e-12);
}

TEST(Balance, MoreSlotsNeverRaiseTheBound) {
  const LayerLoads loads = {{100, 1, 1, 1, 1, 1, 1, 1}, {8, 8, 8, 8, 8, 8, 8, 8}};
  Progress progress;
  const auto curve = bound_by_slots(loads, 4, 16, progress);
  ASSERT_THAT(curve, SizeIs(3));  // 8, 12 and 16 slots
  EXPECT_EQ(curve[0].slot_count, 8);
  EXPECT_EQ(curve[2].slot_count, 16);
  EXPECT_DOUBLE_EQ(curve[0].worst, imbalance_bound(loads[0], 8, 4));
  for (std::size_t i = 1; i < curve.size(); ++i) EXPECT_LE(curve[i].worst, curve[i - 1].worst);
  EXPECT_THAT(bound_by_slots({}, 4, 16, progress), IsEmpty());
}

/// max / mean of each layer over 8 ranks with experts in order, straight from its definition.
std::vector<double> contiguous_imbalance(const char* file) {
  Progress progress;
  const auto loads = read_loads(test::shared_data(file), progress);
  std::vector<double> result;
  for (int l = 0; l < loads.layers(); ++l) {
    double ranks[8] = {};
    for (const auto& window : loads.windows)
      for (int e = 0; e < 64; ++e)
        ranks[e / 8] += window[static_cast<std::size_t>(l)][static_cast<std::size_t>(e)];
    double sum = 0, most = 0;
    for (const double rank : ranks) sum += rank, most = std::max(most, rank);
    result.push_back(most * 8 / sum);
  }
  return result;
}

TEST(Balance, RealLoadsHaveThePublishedImbalance) {
  MOESCOPE_REQUIRE_DATA("esft_law_logical_count.json");
  Progress progress;
  for (const auto& [file, mean] : {std::pair("esft_intent_logical_count.json", 1.44),
                                   std::pair("esft_law_logical_count.json", 1.39)}) {
    const auto loads = read_loads(test::shared_data(file), progress);
    const auto view = placement_of_loads(loads, nullptr, {.gpus = 8});
    LoadSet one = loads;
    one.windows = {sum_windows(loads, 0, static_cast<int>(loads.windows.size()))};
    const auto ours =
        balance_over_windows(one, view.plan, BalanceMetric::MaxOverMean, progress).front();
    const auto reference = contiguous_imbalance(file);
    ASSERT_EQ(ours.size(), reference.size());
    double sum = 0;
    for (std::size_t l = 0; l < ours.size(); ++l) {
      EXPECT_NEAR(ours[l], reference[l], 1e-12);
      sum += ours[l];
    }
    EXPECT_NEAR(sum / static_cast<double>(ours.size()), mean, 0.005);
    if (mean < 1.4) {
      const auto worst = std::max_element(ours.begin(), ours.end());
      EXPECT_NEAR(*worst, 2.32, 0.005);
      EXPECT_EQ(loads.layer_ids[static_cast<std::size_t>(worst - ours.begin())], 19);
    }
  }
}

TEST(NewestImbalance, IsOfTheLastWindowsAsCountedOnGpus) {
  LoadSet loads;
  loads.measured = {{{100, 0}, {50, 50}}, {{30, 10}, {20, 20}}, {{30, 10}, {10, 30}}};
  EXPECT_DOUBLE_EQ(*newest_imbalance(loads, 1), (1.5 + 1.5) / 2);
  EXPECT_DOUBLE_EQ(*newest_imbalance(loads, 2), (1.5 + 50 / 40.0) / 2);
  EXPECT_DOUBLE_EQ(*newest_imbalance(loads, 9), (160 / 90.0 + 100 / 90.0) / 2);
  loads.measured.clear();
  EXPECT_FALSE(newest_imbalance(loads, 4));
}

TEST(ImbalanceOverTime, IsOfWindowsWithTimesInTheirOrder) {
  LoadSet loads;
  loads.experts = 2;
  loads.layer_ids = {3, 7};
  loads.windows = {{{1, 1}, {3, 1}}, {{1, 1}, {1, 1}}};
  Plan plan;
  plan.num_gpus = 2;
  plan.num_experts = 2;
  plan.physical_to_logical = {{0, 1}, {0, 1}};
  Progress progress;
  EXPECT_THAT(imbalance_over_time(loads, plan, progress), IsEmpty()) << "without times";
  loads.times = {{100, 200}, {0, 100}};
  const auto series = imbalance_over_time(loads, plan, progress);
  ASSERT_THAT(series, SizeIs(2));
  EXPECT_EQ(series[0].time.begin, 0);
  EXPECT_DOUBLE_EQ(series[0].mean, 1);
  EXPECT_DOUBLE_EQ(series[1].mean, 1.25);
  EXPECT_DOUBLE_EQ(series[1].worst, 1.5);
  EXPECT_EQ(series[1].worst_layer, 7);
  loads.measured = {{{9, 1}, {1, 1}}, {{1, 1}, {1, 1}}};
  EXPECT_DOUBLE_EQ(imbalance_over_time(loads, plan, progress)[1].worst, 1.8) << "as counted";
}

}  // namespace
}  // namespace moescope
