// What recordings hold beside their spans, as causes of what differs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/analysis/compare/figure_words.h"
#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/analysis/compare/placement/recorded.h"
#include "core/error.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/support/error_of.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string plan_of(const std::string& map) {
  return R"({"num_gpus": 2, "num_experts": 4, "physical_to_logical_map": [)" + map + "]}";
}
const std::string kFirst = plan_of("[0,1,2,3]"), kSecond = plan_of("[0,2,1,3]");

/// A comparison of spans that found nothing.
Comparison of_equal_spans() {
  Comparison comparison;
  comparison.causes = {"nothing differs"};
  return comparison;
}

TEST(RecordedPlans, TheOneInForceOnEitherSideIsACauseBeforeAllOthers) {
  const RecordedPlans plans = {{0, "start", kFirst}, {1000, "epoch 1", kSecond}};
  Comparison comparison = of_equal_spans();
  add_plan_cause(plans, 999, plans, 1000, comparison);
  EXPECT_THAT(comparison.causes,
              ElementsAre(HasSubstr("another plan: 1 of 1 layers change: 2 slots hold another "
                                    "expert")));
  comparison.causes = {"a kernel is slower"};
  add_plan_cause(plans, 0, plans, 2000, comparison);
  EXPECT_THAT(comparison.causes, ElementsAre(HasSubstr("another plan"), "a kernel is slower"));
}

TEST(RecordedPlans, WithoutOneOrWithTheSameNothingIsSaid) {
  Comparison comparison = of_equal_spans();
  const RecordedPlans plans = {{0, "start", kFirst}};
  add_plan_cause(plans, 0, plans, 5000, comparison);
  add_plan_cause(plans, 0, {}, 0, comparison);
  EXPECT_THAT(comparison.causes, ElementsAre("nothing differs"));
}

TEST(RecordedPlans, OfAnotherModelAreSaidAndABrokenOneIsAnError) {
  Comparison comparison = of_equal_spans();
  const RecordedPlans plans = {{0, "start", kFirst}};
  const RecordedPlans other = {
      {0, "start", R"({"num_gpus": 3, "num_experts": 3, "physical_to_logical_map": [[0,1,2]]})"}};
  add_plan_cause(plans, 0, other, 0, comparison);
  EXPECT_THAT(comparison.causes, ElementsAre("plans of different GPUs, layers or experts"));
  EXPECT_THROW(add_plan_cause(plans, 0, {{0, "start", "no plan"}}, 0, comparison), Error);
}

LoadSet loads_of(const std::string& unit, double hot, int windows) {
  LoadSet loads;
  loads.unit = unit;
  loads.experts = 4;
  loads.windows.assign(static_cast<std::size_t>(windows), {{hot, 10, 10, 10}});
  return loads;
}

TEST(ComparedLoads, OfTheSameUnitAreRowsAndCauses) {
  Comparison comparison = of_equal_spans();
  add_recorded_loads({loads_of("prefill", 10, 5), loads_of("decode", 10, 5)},
                     {loads_of("decode", 90, 5)}, comparison);
  EXPECT_THAT(comparison.causes, Contains(HasSubstr("expert loads, decode: ")));
  EXPECT_THAT(comparison.causes, Not(Contains(HasSubstr("nothing differs"))));
  for (const Difference& row : comparison.differences) EXPECT_THAT(row.key, HasSubstr("decode"));
}

TEST(ComparedLoads, OfFewWindowsAreRowsButNoCauses) {
  Comparison comparison = of_equal_spans();
  add_recorded_loads({loads_of("decode", 10, 2)}, {loads_of("decode", 90, 2)}, comparison);
  EXPECT_FALSE(comparison.differences.empty());
  EXPECT_THAT(comparison.causes, ElementsAre("nothing differs"));
}

TEST(ComparedLoads, OfAnotherModelAreSaid) {
  Comparison comparison = of_equal_spans();
  LoadSet other = loads_of("decode", 10, 5);
  other.experts = 3;
  for (LayerLoads& window : other.windows) window.front().pop_back();
  add_recorded_loads({loads_of("decode", 10, 5)}, {other}, comparison);
  EXPECT_THAT(comparison.causes, Contains(HasSubstr("different models")));
}

TEST(ComparedLoads, AreReadFromRecordingsAlone) {
  test::TempFolder folder;
  {
    MoetraceWriter writer(folder / "a.moetrace");
    writer.add_plan({5, "start", kFirst});
    Progress progress;
    writer.finish(progress);
  }
  const RecordedPlans plans = read_recorded_plans(folder / "a.moetrace");
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_EQ(plans.front().time, 5);
  EXPECT_TRUE(read_recorded_loads(folder / "a.moetrace").empty()) << "it has none";
  EXPECT_TRUE(read_recorded_plans(folder / "missing.json").empty());
}

TEST(FigureWords, EveryFigureOfLoadsAndPlansHasSome) {
  const LoadSet before = loads_of("decode", 10, 5), after = loads_of("decode", 90, 5);
  const Plan plan = parse_plan(kFirst, "a").plan, other = parse_plan(kSecond, "b").plan;
  for (const Comparison& comparison : {compare_loads(before, after), compare_plans(plan, other)})
    for (const Difference& row : comparison.differences)
      EXPECT_NE(figure_words(row.figure), row.figure);
  EXPECT_EQ(figure_words("exposed_comm_ns"), "Exposed communication");
  EXPECT_EQ(figure_words("prefill_step_ns"), "Prefill step, mean");
  EXPECT_EQ(figure_words("of_another_kind"), "of_another_kind");
}

}  // namespace
}  // namespace moescope
