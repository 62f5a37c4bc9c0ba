// Pinned and forbidden places in files, differences of plans, and solves that obey.
#include <gmock/gmock.h>

#include "core/error.h"
#include "core/placement/plan_diff.h"
#include "core/placement/solve/constraints.h"
#include "tests/support/load_generator.h"

namespace moescope {
namespace {

Plan two_gpus() {
  return {.num_gpus = 2, .num_experts = 3, .physical_to_logical = {{0, 1, 2, 0}, {0, 1, 2, 1}}};
}

TEST(Constraints, APlanFileWithThemIsAPlanAndAConstraintFile) {
  PlanConstraints constraints{.pinned = {{-1, 2, 2}, {1, 0, 0}}, .forbidden = {{0, 1, 1}}};
  const auto text = plan_json(two_gpus(), constraints);
  EXPECT_EQ(parse_constraints(text, "x"), constraints);
  const auto reading = parse_plan(text, "x");
  EXPECT_TRUE(reading.problems.empty());
  EXPECT_EQ(reading.plan, two_gpus());
  EXPECT_EQ(plan_json(two_gpus(), {}), plan_json(two_gpus()));
}

TEST(Constraints, AnswerByLayer) {
  const PlanConstraints constraints{.pinned = {{-1, 2, 2}, {1, 0, 0}}, .forbidden = {{0, 1, 1}}};
  EXPECT_EQ(constraints.pinned_slots(0), (std::vector<int>{2}));
  EXPECT_EQ(constraints.pinned_slots(1), (std::vector<int>{0, 2}));
  EXPECT_TRUE(constraints.is_pinned(1, 0));
  EXPECT_FALSE(constraints.is_pinned(0, 0));
  EXPECT_TRUE(constraints.is_forbidden(0, 1, 1));
  EXPECT_FALSE(constraints.is_forbidden(1, 1, 1));
}

TEST(Constraints, OtherTextIsAnError) {
  for (const char* text :
       {"", "[]", R"({"pinned":3})", R"({"pinned":[{"slot":1}]})",
        R"({"forbidden":[{"gpu":-1,"expert":0}]})", R"({"pinned":[{"slot":1.5,"expert":0}]})"})
    EXPECT_THROW(parse_constraints(text, "x"), Error) << text;
}

TEST(Constraints, SolvesObeyPinsBansAndDeadGpus) {
  const auto loads = test::r1_loads(2, 0, 3, 16, 20000);
  SolveOptions options;
  options.gpus = 8;
  options.slot_count = 24;
  options.pinned = {{-1, 0, 5}, {1, 10, 9}};
  options.forbidden = {{-1, 3, 2}, {2, 4, 7}};
  options.dead_gpus = {6};
  Progress progress;
  const auto result = solve_plan({loads}, options, progress);
  for (const auto& row : result.plan.physical_to_logical) {
    EXPECT_EQ(row[0], 5);
    for (int s = 9; s < 12; ++s) EXPECT_NE(row[static_cast<std::size_t>(s)], 2);
    for (int s = 18; s < 21; ++s) EXPECT_EQ(row[static_cast<std::size_t>(s)], kNoExpert);
  }
  EXPECT_EQ(result.plan.physical_to_logical[1][10], 9);
  options.from = &result.plan;
  options.dead_gpus = {1, 6};
  options.max_copies = 4;
  const auto migrated = solve_plan({loads}, options, progress);
  EXPECT_EQ(migrated.plan.physical_to_logical[0][0], 5);
  for (int s = 3; s < 6; ++s)
    EXPECT_EQ(migrated.plan.physical_to_logical[0][static_cast<std::size_t>(s)], kNoExpert);
}

TEST(PlanDiff, ListsEachCopyOnceWithItsSources) {
  auto after = two_gpus();
  after.physical_to_logical[0] = {2, 2, 1, 0};
  const auto layers = diff_plans(two_gpus(), after);
  EXPECT_EQ(layers[0].slots_changed, 3);
  ASSERT_EQ(layers[0].copies.size(), 2U);  // expert 2 to GPU 0 once, expert 1 to GPU 1
  EXPECT_EQ(layers[0].copies[0].expert, 2);
  EXPECT_EQ(layers[0].copies[0].slot, 0);
  EXPECT_EQ(layers[0].copies[0].from_gpus, (std::vector<int>{1}));
  EXPECT_EQ(layers[0].copies[1].expert, 1);
  EXPECT_EQ(layers[0].copies[1].gpu, 1);
  EXPECT_TRUE(layers[1].copies.empty());
}

TEST(PlanDiff, OtherMachinesAreRefused) {
  auto other = two_gpus();
  other.num_gpus = 4;
  EXPECT_THROW(diff_plans(two_gpus(), other), Error);
}

}  // namespace
}  // namespace moescope
