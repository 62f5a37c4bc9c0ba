// The editor's incremental figures against the full evaluation, on random edits.
#include "core/placement/edit/plan_state.h"

#include <gmock/gmock.h>

#include <random>

#include "core/error.h"
#include "core/placement/edit/plan_advice.h"
#include "core/placement/solve/solve.h"
#include "tests/support/load_generator.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::Field;
using testing::IsEmpty;

/// Experts 0..E-1, then random replicas, in every layer.
Plan random_plan(std::mt19937& random, int layers, int experts, int gpus, int nodes, int per_gpu) {
  Plan plan{.num_gpus = gpus,
            .num_nodes = nodes,
            .num_groups = 4,
            .num_experts = experts,
            .physical_to_logical = {}};
  for (int l = 0; l < layers; ++l) {
    auto& row = plan.physical_to_logical.emplace_back();
    for (int s = 0; s < gpus * per_gpu; ++s)
      row.push_back(s < experts ? s : static_cast<int>(random() % static_cast<unsigned>(experts)));
    std::shuffle(row.begin(), row.end(), random);
  }
  return plan;
}

std::shared_ptr<const Routes> random_routes(std::mt19937& random, int layers, int experts,
                                            int tokens) {
  auto routes = std::make_shared<Routes>();
  routes->layers = layers;
  routes->top_k = 3;
  for (int i = 0; i < tokens * layers * 3; ++i)
    routes->experts.push_back(
        random() % 20 == 0 ? std::int16_t{-1}
                           : static_cast<std::int16_t>(random() % static_cast<unsigned>(experts)));
  return routes;
}

/// Every figure of the state equals that of evaluate_plan(), and the problems those of
/// validate_plan().
void expect_same_as_full(const PlanState& state, const Routes& routes) {
  EvaluateOptions options;
  options.previous = state.reference().get();
  options.routes = &routes;
  Progress progress;
  const auto full = evaluate_plan(state.plan(), *state.loads(), options, progress);
  std::int64_t copies = 0;
  for (int l = 0; l < state.plan().layers(); ++l) {
    SCOPED_TRACE(l);
    const auto& expected = full[static_cast<std::size_t>(l)];
    const auto got = state.figures(l);
    EXPECT_EQ(got.equal, expected.equal);
    EXPECT_EQ(got.weighted, expected.weighted);
    EXPECT_EQ(got.bound, expected.bound);
    EXPECT_EQ(got.bound_hierarchical, expected.bound_hierarchical);
    EXPECT_EQ(got.copies, expected.copies);
    EXPECT_EQ(state.best_split(l), expected.best_split);
    EXPECT_EQ(state.remote_nodes(l), expected.remote_nodes_per_token);
    copies += expected.copies.value_or(0);
  }
  EXPECT_EQ(state.copies(), copies);
  const auto problems = validate_plan(state.plan(), state.expected());
  const auto found = state.problems();
  ASSERT_EQ(found.size(), problems.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(to_string(found[i]), to_string(problems[i]));
}

struct Sequence {
  bool weighted;
  int gpus, nodes, per_gpu;
};

class PlanStateSequence : public testing::TestWithParam<Sequence> {};

TEST_P(PlanStateSequence, RandomEditsAndTheirInversesGiveTheFiguresOfAFullEvaluation) {
  const auto [weighted, gpus, nodes, per_gpu] = GetParam();
  std::mt19937 random(17);
  const int layers = 3, experts = 16;
  auto plan = random_plan(random, layers, experts, gpus, nodes, per_gpu);
  const auto loads =
      std::make_shared<const LayerLoads>(test::r1_loads(3, 0, layers, experts, 9000));
  Progress progress;
  if (weighted) resplit(plan, *loads, 1, progress);
  const auto routes = random_routes(random, layers, experts, 200);
  PlanState state(plan);
  state.set_loads(loads);
  state.set_routes(routes);
  state.set_reference(
      std::make_shared<const Plan>(random_plan(random, layers, experts, gpus, nodes, per_gpu)));
  PlanExpectation expected;
  expected.groups_on_nodes = true;
  state.set_expected(expected);
  expect_same_as_full(state, *routes);

  std::vector<PlanEdit> done;
  std::vector<Plan> before;
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 120; ++round) {
    const int l = pick(layers), a = pick(gpus * per_gpu), b = pick(gpus * per_gpu);
    PlanEdit edit = swap_slots(state.plan(), l, a, b);
    // The last replica of an expert stays: the full evaluation takes valid plans only.
    const int held =
        state.plan().physical_to_logical[static_cast<std::size_t>(l)][static_cast<std::size_t>(a)];
    if (round % 2 == 0 && state.hosts(l, held).size() > 1)
      edit = place_expert(state.plan(), l, a, pick(experts));
    before.push_back(state.plan());
    state.apply(edit);
    done.push_back(edit);
    if (round % 10 == 0) expect_same_as_full(state, *routes);
  }
  expect_same_as_full(state, *routes);
  while (!done.empty()) {
    state.apply(inverse(done.back()));
    if (!weighted) {
      EXPECT_EQ(state.plan(), before.back());
    }
    EXPECT_EQ(state.plan().physical_to_logical, before.back().physical_to_logical);
    done.pop_back();
    before.pop_back();
  }
  EXPECT_EQ(state.plan(), plan);
  expect_same_as_full(state, *routes);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PlanStateSequence,
                         testing::Values(Sequence{false, 4, 2, 5}, Sequence{true, 4, 2, 5},
                                         Sequence{false, 20, 4, 1}, Sequence{true, 8, 1, 3}));

TEST(PlanEdit, JoinedEditsAreUndoneAsOne) {
  std::mt19937 random(5);
  auto plan = random_plan(random, 2, 8, 4, 1, 3);
  const auto start = plan;
  auto edit = place_expert(plan, 0, 3, 7);
  apply_edit(plan, edit);
  const auto second = swap_slots(plan, 1, 0, 11);
  apply_edit(plan, second);
  edit = joined(edit, second);
  auto again = start;
  apply_edit(again, edit);
  EXPECT_EQ(again, plan);
  EXPECT_EQ(difference(start, plan).changes.size(), 3U);
  apply_edit(plan, inverse(edit));
  EXPECT_EQ(plan, start);
}

TEST(PlanEdit, ASplitIsOneEditThatGivesAndTakesWeights) {
  std::mt19937 random(6);
  auto plan = random_plan(random, 2, 8, 4, 1, 3);
  auto split = plan;
  Progress progress;
  resplit(split, test::r1_loads(1, 0, 2, 8, 1000), 1, progress);
  const auto start = plan;
  const auto edit = difference(plan, split);
  apply_edit(plan, edit);
  EXPECT_EQ(plan, split);
  apply_edit(plan, inverse(edit));
  EXPECT_EQ(plan, start);
}

TEST(PlanEdit, WeightsSumToOneAfterReplicasCameAndWent) {
  std::mt19937 random(8);
  auto plan = random_plan(random, 1, 6, 4, 1, 3);
  Progress progress;
  resplit(plan, test::r1_loads(1, 0, 1, 6, 1000), 1, progress);
  for (int round = 0; round < 60; ++round) {
    const int slot = static_cast<int>(random() % 12);
    const int held = plan.physical_to_logical[0][static_cast<std::size_t>(slot)];
    if (replica_counts(plan.physical_to_logical[0], 6)[static_cast<std::size_t>(held)] < 2)
      continue;
    apply_edit(plan, place_expert(plan, 0, slot, static_cast<int>(random() % 6)));
    EXPECT_THAT(validate_layer(plan, 0),
                testing::Each(Field(&PlanProblem::severity, PlanProblem::Severity::Warning)));
  }
}

TEST(PlanEdit, AFailedGpuLosesItsExpertsAndComesBack) {
  std::mt19937 random(9);
  auto plan = random_plan(random, 2, 8, 4, 1, 3);
  const auto start = plan;
  const auto edit = fail_gpu(plan, 2);
  PlanState state(plan);
  state.set_loads(std::make_shared<const LayerLoads>(test::r1_loads(1, 0, 2, 8, 800)));
  state.apply(edit);
  EXPECT_TRUE(state.plan().dead(2));
  for (int s = 6; s < 9; ++s)
    EXPECT_EQ(state.plan().physical_to_logical[1][static_cast<std::size_t>(s)], kNoExpert);
  EXPECT_NEAR(state.mean_gpu_load(0), 800 / 3.0, 1e-9);
  EXPECT_TRUE(fail_gpu(state.plan(), 2).empty());
  state.apply(inverse(edit));
  EXPECT_EQ(state.plan(), start);
  EXPECT_EQ(revive_gpu(start, 2).dead_after, start.dead_gpus);
}

TEST(PlanEdit, AnEditThatDoesNotFitIsRefused) {
  std::mt19937 random(10);
  auto plan = random_plan(random, 1, 8, 4, 1, 3);
  auto edit = place_expert(plan, 0, 0, (plan.physical_to_logical[0][0] + 1) % 8);
  apply_edit(plan, edit);
  EXPECT_THROW(apply_edit(plan, edit), Error);
  EXPECT_THROW(place_expert(plan, 1, 0, 0), Error);
  EXPECT_THROW(swap_slots(plan, 0, 0, 12), Error);
  auto other = plan;
  other.physical_to_logical[0].resize(8);
  EXPECT_THROW(difference(plan, other), Error);
}

TEST(PlanState, WithoutLoadsFiguresAreUnknownAndEditsWork) {
  std::mt19937 random(11);
  PlanState state(random_plan(random, 2, 8, 4, 2, 3));
  state.apply(swap_slots(state.plan(), 0, 0, 5));
  EXPECT_EQ(state.figures(0).equal, std::nullopt);
  EXPECT_EQ(state.figures(0).bound, std::nullopt);
  EXPECT_EQ(state.slot_load(0, 0), std::nullopt);
  EXPECT_EQ(state.best_split(0), std::nullopt);
  EXPECT_EQ(state.remote_nodes(0), std::nullopt);
  EXPECT_THAT(state.gpu_loads(0), IsEmpty());
}

TEST(PlanState, LoadsOfAnotherShapeAreRefusedAndTheOldOnesStay) {
  std::mt19937 random(12);
  PlanState state(random_plan(random, 2, 8, 4, 2, 3));
  const auto loads = std::make_shared<const LayerLoads>(test::r1_loads(1, 0, 2, 8, 800));
  state.set_loads(loads);
  EXPECT_THROW(state.set_loads(std::make_shared<const LayerLoads>(test::r1_loads(1, 0, 3, 8, 8))),
               Error);
  EXPECT_THROW(state.set_loads(std::make_shared<const LayerLoads>(test::r1_loads(1, 0, 2, 9, 8))),
               Error);
  EXPECT_EQ(state.loads(), loads);
  auto other = std::make_shared<Plan>(state.plan());
  other->num_gpus = 2;
  EXPECT_THROW(state.set_reference(other), Error);
  EXPECT_EQ(state.reference(), nullptr);
}

TEST(PlanState, ABrokenPlanIsHeldAndMended) {
  Plan plan{.num_gpus = 2,
            .num_experts = 4,
            .physical_to_logical = {{0, 1, 2, 99}, {0, 1, 2, 3, 0}, {0, 1, 2, 3}}};
  PlanState state(plan);
  state.set_loads(
      std::make_shared<const LayerLoads>(LayerLoads{{1, 2, 3, 4}, {1, 1, 1, 1}, {0, 0, 0, 0}}));
  EXPECT_THAT(state.problems(0), Contains(Field(&PlanProblem::kind, "expert_id")));
  EXPECT_THAT(state.problems(0), Contains(Field(&PlanProblem::kind, "missing_expert")));
  EXPECT_THAT(state.problems(1), Contains(Field(&PlanProblem::kind, "slots_not_divisible")));
  EXPECT_EQ(state.figures(1).equal, std::nullopt);
  EXPECT_TRUE(state.figures(2).no_load);
  EXPECT_EQ(state.slot_load(0, 3), 0.0);
  state.apply(place_expert(state.plan(), 0, 3, 3));
  EXPECT_THAT(state.problems(0), IsEmpty());
  EXPECT_EQ(state.figures(0).equal, 7 / 5.0);
  EXPECT_THROW(PlanState({.num_gpus = 3, .num_nodes = 2}), Error);
}

TEST(PlanState, ProblemsAreThoseOfTheEdit) {
  std::mt19937 random(13);
  Plan plan{.num_gpus = 2, .num_experts = 3, .physical_to_logical = {{0, 1, 2, 0}, {0, 1, 2, 0}}};
  PlanState state(plan);
  EXPECT_THAT(state.problems(), IsEmpty());
  state.apply(place_expert(state.plan(), 1, 2, 0));
  EXPECT_THAT(state.problems(0), IsEmpty());
  EXPECT_THAT(state.problems(1), Contains(Field(&PlanProblem::kind, "missing_expert")));
  EXPECT_THAT(state.problems(1),
              Contains(testing::AllOf(Field(&PlanProblem::kind, "duplicate_on_gpu"),
                                      Field(&PlanProblem::slot, 3))));
}

TEST(PlanState, ManyRoutesAreSampled) {
  std::mt19937 random(14);
  const auto plan = random_plan(random, 1, 16, 8, 4, 3);
  PlanState state(plan);
  const auto routes = random_routes(random, 1, 16, 40000);
  state.set_routes(routes);
  EvaluateOptions options;
  options.routes = routes.get();
  Progress progress;
  const auto full = evaluate_plan(plan, {std::vector<double>(16, 1.0)}, options, progress);
  EXPECT_NEAR(*state.remote_nodes(0), *full[0].remote_nodes_per_token, 0.03);
}

/// Heaviest GPU after every possible placement of `expert`, by full evaluation.
std::optional<int> best_slot_by_trial(const PlanState& state, int expert,
                                      const std::vector<int>& kept) {
  std::optional<int> best;
  double lowest = 1e300;
  const auto& row = state.plan().physical_to_logical[0];
  for (int s = 0; s < static_cast<int>(row.size()); ++s) {
    auto next = row;
    const int held = row[static_cast<std::size_t>(s)];
    next[static_cast<std::size_t>(s)] = expert;
    if (replica_counts(row, state.plan().num_experts)[static_cast<std::size_t>(held)] < 2 ||
        std::count(kept.begin(), kept.end(), s) > 0)
      continue;
    const int per_gpu = state.slots_per_gpu(0);
    const auto first = row.begin() + s / per_gpu * per_gpu;
    if (std::find(first, first + per_gpu, expert) != first + per_gpu) continue;
    const auto loads = gpu_loads(next, (*state.loads())[0], state.plan().num_gpus);
    const double heaviest = *std::max_element(loads.begin(), loads.end());
    if (heaviest < lowest - 1e-9) {
      lowest = heaviest;
      best = s;
    }
  }
  return best;
}

TEST(PlanAdvice, AReplicaGoesWhereTheHeaviestGpuFallsMost) {
  std::mt19937 random(15);
  for (int round = 0; round < 20; ++round) {
    PlanState state(random_plan(random, 1, 12, 4, 1, 5));
    state.set_loads(std::make_shared<const LayerLoads>(test::r1_loads(round, 0, 1, 12, 5000)));
    const int expert = static_cast<int>(random() % 12);
    const std::vector<int> kept{2, 7};
    const auto got = best_slot_for(state, 0, expert, kept),
               wanted = best_slot_by_trial(state, expert, kept);
    ASSERT_EQ(got.has_value(), wanted.has_value());
    if (!got) continue;
    const auto heaviest = [&](int slot) {
      auto row = state.plan().physical_to_logical[0];
      row[static_cast<std::size_t>(slot)] = expert;
      const auto loads = gpu_loads(row, (*state.loads())[0], 4);
      return *std::max_element(loads.begin(), loads.end());
    };
    EXPECT_NEAR(heaviest(*got), heaviest(*wanted), 1e-9);
    const auto filler = best_expert_for(state, 0, *got);
    ASSERT_TRUE(filler.has_value());
    EXPECT_NE(*filler, state.plan().physical_to_logical[0][static_cast<std::size_t>(*got)]);
  }
}

TEST(PlanAdvice, NoSlotWhenEveryExpertHasOneReplicaOnly) {
  PlanState state({.num_gpus = 2, .num_experts = 4, .physical_to_logical = {{0, 1, 2, 3}}});
  EXPECT_EQ(best_slot_for(state, 0, 0, {}), std::nullopt);
}

}  // namespace
}  // namespace moescope
