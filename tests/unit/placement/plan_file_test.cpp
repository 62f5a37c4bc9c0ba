// Plan files: what is written is read back, and everything wrong is listed with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/placement/plan.h"
#include "core/placement/validate.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto is(const char* kind, int layer, int slot) {
  return AllOf(Field(&PlanProblem::kind, kind), Field(&PlanProblem::layer, layer),
               Field(&PlanProblem::slot, slot));
}

Plan sample() {
  return {.num_gpus = 2,
          .num_nodes = 2,
          .num_groups = 2,
          .num_experts = 4,
          .physical_to_logical = {{0, 1, 2, 2, 3, 0}, {3, 1, 0, 2, 0, 1}},
          .layer_ids = {3, 4},
          .replica_weight = {{0.25, 1, 1.0 / 3, 2.0 / 3, 1, 0.75}, {1, 0.5, 0.1, 1, 0.9, 0.5}}};
}

std::vector<PlanProblem> problems_of(const std::string& text) {
  auto reading = parse_plan(text, "plan.json");
  if (!reading.problems.empty()) return reading.problems;
  return validate_plan(reading.plan);
}

TEST(PlanFile, ReadsBackWhatItWrote) {
  const test::TempFolder folder;
  save_plan(sample(), folder / "plan.json");
  EXPECT_EQ(load_plan(folder / "plan.json"), sample());
  EXPECT_EQ(folder.file_count(), 1U);  // no temporary file stays
}

TEST(PlanFile, DerivedMaps) {
  const auto plan = sample();
  EXPECT_EQ(replica_counts(plan.physical_to_logical[0], 4), (std::vector<int>{2, 1, 2, 1}));
  EXPECT_EQ(logical_to_physical(plan, 0),
            (std::vector<std::vector<int>>{{0, 5}, {1, -1}, {2, 3}, {4, -1}}));
  EXPECT_EQ(plan.gpu_of(3), 1);
  EXPECT_EQ(plan.layer_id(1), 4);
}

TEST(PlanFile, EveryBadSlotIsNamed) {
  const auto problems = problems_of(
      R"({"num_gpus":2,"physical_to_logical_map":[[0,1,"x",3],[0,1.5,2,-7],[0,1,2,99999999999999999999]]})");
  EXPECT_THAT(problems, Contains(is("expert_id", 0, 2)));
  EXPECT_THAT(problems, Contains(is("expert_id", 1, 1)));
  EXPECT_THAT(problems, Contains(is("expert_id", 1, 3)));
  EXPECT_THAT(problems, Contains(is("expert_id", 2, 3)));
  EXPECT_EQ(problems.size(), 4U);
}

TEST(PlanFile, TextThatIsNoPlanIsAnError) {
  for (const char* text :
       {"", "{", "[]", "3", "{\"num_gpus\":2}", "{\"physical_to_logical_map\":[[NaN]]}"})
    EXPECT_THROW(parse_plan(text, "plan.json"), Error) << text;
  EXPECT_THROW(read_plan("/nonexistent/plan.json"), Error);
  EXPECT_THROW(read_plan("/"), Error);
}

TEST(PlanFile, WrongNumbersOfTheTopologyAreListed) {
  EXPECT_THAT(problems_of(R"({"num_gpus":0,"physical_to_logical_map":[[0]]})"),
              Contains(is("num_gpus", -1, -1)));
  EXPECT_THAT(problems_of(R"({"physical_to_logical_map":[[0]]})"),
              Contains(is("num_gpus", -1, -1)));
  EXPECT_THAT(problems_of(R"({"num_gpus":1e3,"physical_to_logical_map":[[0]]})"),
              Contains(is("num_gpus", -1, -1)));
  EXPECT_THAT(problems_of(R"({"schema":2,"num_gpus":1,"physical_to_logical_map":[[0]]})"),
              Contains(is("schema", -1, -1)));
  EXPECT_THAT(problems_of(R"({"num_gpus":3,"num_nodes":2,"physical_to_logical_map":[[0,1,2]]})"),
              Contains(is("topology", -1, -1)));
}

TEST(PlanValidate, AGoodPlanHasNoProblem) {
  EXPECT_THAT(validate_plan(sample()), IsEmpty());
}

TEST(PlanValidate, MissingExpertAndIdOutOfRange) {
  auto plan = sample();
  plan.physical_to_logical[1] = {3, 1, 0, 4, 0, 1};
  const auto problems = validate_plan(plan);
  EXPECT_THAT(problems, Contains(is("expert_id", 1, 3)));
  EXPECT_THAT(problems,
              Contains(AllOf(is("missing_expert", 1, -1),
                             Field(&PlanProblem::text, HasSubstr("1 expert has no replica: 2")))));
  EXPECT_TRUE(has_errors(problems));
}

TEST(PlanValidate, SlotsMustDivideAndBeEqual) {
  auto plan = sample();
  plan.replica_weight.clear();
  plan.physical_to_logical[1].push_back(0);
  const auto problems = validate_plan(plan);
  EXPECT_THAT(problems, Contains(is("unequal_slots", 1, -1)));
  EXPECT_THAT(problems, Contains(is("slots_not_divisible", 1, -1)));
}

TEST(PlanValidate, TheSameExpertTwiceOnAGpuIsAWarning) {
  auto plan = sample();
  plan.replica_weight.clear();
  plan.physical_to_logical[0] = {0, 1, 0, 2, 3, 0};
  const auto problems = validate_plan(plan);
  EXPECT_THAT(problems, Contains(is("duplicate_on_gpu", 0, 2)));
  EXPECT_FALSE(has_errors(problems));
}

TEST(PlanValidate, ExpectationsOfModelAndEngine) {
  PlanExpectation expected;
  expected.experts = 5;
  expected.redundant_experts = 1;
  expected.expert_bytes = 1 << 20;
  expected.gpu_expert_bytes = 5 << 20;  // needs 3 slots x 2 layers
  expected.layer_ids = std::vector<int>{1, 2};
  const auto problems = validate_plan(sample(), expected);
  EXPECT_THAT(problems, Contains(is("experts", -1, -1)));
  EXPECT_THAT(problems, Contains(is("redundancy", -1, -1)));
  EXPECT_THAT(problems, Contains(is("memory", -1, -1)));
  EXPECT_THAT(problems, Contains(is("layer_ids", -1, -1)));
  EXPECT_THAT(problems, Contains(is("missing_expert", 0, -1)));
  PlanExpectation layers;
  layers.layers = 61;  // the dense layers counted in
  EXPECT_THAT(validate_plan(sample(), layers), Contains(is("layers", -1, -1)));
}

TEST(PlanValidate, TheWrongLayerAxisIsNamedAndRowsAreCheckedAllTheSame) {
  auto plan = sample();
  plan.physical_to_logical[1][3] = 77;
  PlanExpectation expected;
  expected.layers = 1;
  expected.model_layers = 2;  // a dense one first
  const auto problems = validate_plan(plan, expected);
  EXPECT_THAT(problems, Contains(is("layer_axis", -1, -1)));
  EXPECT_THAT(problems, Contains(is("expert_id", 1, 3)));
}

TEST(PlanValidate, MemoryCountsTheSlotsOfEveryLayer) {
  auto plan = sample();
  plan.replica_weight.clear();
  plan.physical_to_logical[1].resize(8, 0);  // 4 slots per GPU, 3 in layer 0
  EXPECT_EQ(expert_bytes_of_gpu(plan, 10), 70);
  PlanExpectation expected;
  expected.expert_bytes = 10;
  expected.gpu_expert_bytes = 69;
  EXPECT_THAT(validate_plan(plan, expected), Contains(is("memory", -1, -1)));
  expected.gpu_expert_bytes = 70;
  EXPECT_THAT(validate_plan(plan, expected), testing::Not(Contains(is("memory", -1, -1))));
}

TEST(PlanValidate, AGroupOutsideItsNode) {
  PlanExpectation expected;
  expected.groups_on_nodes = true;
  auto plan = sample();
  plan.replica_weight.clear();
  EXPECT_THAT(validate_plan(plan, expected), Contains(is("group_outside_node", 0, 5)));
  EXPECT_THAT(validate_plan(plan, expected), Contains(is("group_outside_node", 0, 2)));
}

TEST(PlanValidate, WeightsMustSumToOne) {
  auto plan = sample();
  plan.replica_weight[0][0] = 0.5;
  EXPECT_THAT(validate_plan(plan), Contains(is("replica_weight", 0, -1)));
  plan = sample();
  plan.replica_weight[1].pop_back();
  EXPECT_THAT(validate_plan(plan), Contains(is("replica_weight", 1, -1)));
  plan.replica_weight.pop_back();
  EXPECT_THAT(validate_plan(plan), Contains(is("replica_weight", -1, -1)));
}

TEST(PlanValidate, EmptySlotsOnlyOnDeadGpus) {
  Plan plan{.num_gpus = 2, .num_experts = 2, .physical_to_logical = {{0, 1, -1, -1}}};
  EXPECT_THAT(validate_plan(plan), Contains(is("expert_id", 0, 2)));
  plan.dead_gpus = {1};
  EXPECT_THAT(validate_plan(plan), IsEmpty());
  plan.physical_to_logical[0][3] = 1;
  EXPECT_THAT(validate_plan(plan), Contains(is("dead_gpu", 0, 3)));
  plan.dead_gpus = {0, 1};
  EXPECT_THAT(validate_plan(plan), Contains(is("dead_gpus", -1, -1)));
}

TEST(PlanValidate, TheErrorOfALoadListsPlacesAndCounts) {
  const test::TempFolder folder;
  auto plan = sample();
  plan.physical_to_logical[0].assign(6, 77);
  save_plan(plan, folder / "plan.json");
  try {
    load_plan(folder / "plan.json");
    FAIL() << "a plan with expert 77 of 4 was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer 0, slot 0: holds expert 77, expected 0..3"));
    EXPECT_THAT(error.what(), HasSubstr("more"));
  }
}

}  // namespace
}  // namespace moescope
