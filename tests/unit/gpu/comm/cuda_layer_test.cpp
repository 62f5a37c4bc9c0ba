// One MoE layer: what it must give on the CPU, and the same on a GPU where there is one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cuda/backend.h"
#include "gpu/cuda/layer_device.h"
#include "gpu/cuda/probe.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/layer/layer_check.h"
#include "gpu/engine/layer_run.h"
#include "gpu/record/kernel_log.h"
#include "tests/unit/gpu/comm/step_device.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kRows = 7;

/// Experts `offset` places further than in order, and each of the first four a second time.
Placement redundant(const ModelConfig& config, int ranks, int offset) {
  const int per_rank = config.experts / ranks;
  std::vector<int> slots;
  for (int rank = 0; rank < ranks; ++rank) {
    for (int i = 0; i < per_rank; ++i)
      slots.push_back((rank * per_rank + i + offset) % config.experts);
    slots.push_back(rank % 4);
  }
  return {
      std::vector(static_cast<std::size_t>(config.moe_layers()), slots), {}, config.experts, ranks};
}

/// The layer without ranks, by the CPU's operators: gate, experts, sum in the gate's order.
std::vector<float> alone(const Model& model, const LayerInput& input) {
  const ModelConfig& config = model.config;
  const LayerWeights& layer = model.weights.layers[static_cast<std::size_t>(config.dense_layers)];
  const auto operators = cpu_operators(config);
  SerialTeam team;
  const int rows = static_cast<int>(input.keys.size());
  Routing routing;
  operators->gate(layer, input.x.data(), rows, routing.view(rows, config.top_k), team);
  std::vector<float> sum(input.x.size()), y(static_cast<std::size_t>(config.hidden));
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < config.top_k; ++k) {
      const std::size_t at = flat(row, config.top_k) + static_cast<std::size_t>(k);
      operators->swiglu(input.x.data() + flat(row, config.hidden), 1,
                        layer.experts[static_cast<std::size_t>(routing.experts[at])], y.data(),
                        team);
      for (std::size_t d = 0; d < y.size(); ++d)
        sum[flat(row, config.hidden) + d] += routing.weights[at] * y[d];
    }
  return sum;
}

MoeLayerOptions options_of(const Group& group, DispatchMode dispatch, CombineMode combine) {
  MoeLayerOptions options;
  options.group = group;
  options.dispatch = dispatch;
  options.combine = combine;
  options.max_tokens = kRows;
  options.most_slots = 5;
  return options;
}

std::unique_ptr<MoeDevice> cpu_device(const ModelConfig& config, const Group& group) {
  return cpu_backend().layer_device(config, {group, {}, nullptr});
}

using Case = std::tuple<int, DispatchMode, CombineMode>;

/// A layer on the CPU with 4 ranks.
class GpuMoeLayer : public ::testing::TestWithParam<Case> {
 protected:
  Group group{0, 4, std::get<0>(GetParam())};
  MoeLayerOptions options = options_of(group, std::get<1>(GetParam()), std::get<2>(GetParam()));
  std::shared_ptr<const Model> model = small_model();
  std::unique_ptr<MoeDevice> cpu = cpu_device(model->config, group);
  MoeLayer layer{*cpu, model, model->config.dense_layers, options,
                 redundant(model->config, group.size, 0)};

  static std::shared_ptr<const Model> small_model() {
    static const auto made = test::small_model(5);
    return made;
  }
};

TEST_P(GpuMoeLayer, GivesWhatTheExpertsGiveWithoutRanksUnderEveryPlan) {
  for (std::uint32_t step = 0; step < 4; ++step) {
    const auto inputs = random_inputs(model->config.hidden, group.size, kRows, step);
    const auto outputs = layer.run(inputs, step);
    EXPECT_THAT(outputs.front().sum, IsEmpty());  // the first rank has no rows
    for (std::size_t rank = 0; rank < outputs.size(); ++rank) {
      const auto expected = alone(*model, inputs[rank]);
      if (options.combine == CombineMode::Ordered) {
        EXPECT_EQ(outputs[rank].sum, expected);
      } else {
        for (std::size_t i = 0; i < expected.size(); ++i)
          EXPECT_NEAR(outputs[rank].sum[i], expected[i], 1e-5 * (1 + std::abs(expected[i])));
      }
    }
    layer.change_plan(redundant(model->config, group.size, static_cast<int>(step) + 1));
    EXPECT_EQ(layer.epoch(), step + 1);
  }
}

TEST_P(GpuMoeLayer, InTheStepsOfAGpuHasTheSameBitsLoadsAndTraffic) {
  test::StepDevice device(model->config);
  MoeLayer steps(device, model, model->config.dense_layers, options,
                 redundant(model->config, group.size, 0));
  for (std::uint32_t step = 0; step < 2; ++step) {
    const auto inputs = random_inputs(model->config.hidden, group.size, kRows, step);
    const auto expected = layer.run(inputs, step), found = steps.run(inputs, step);
    for (std::size_t rank = 0; rank < expected.size(); ++rank) {
      EXPECT_EQ(found[rank].sum, expected[rank].sum);
      EXPECT_EQ(found[rank].logical, expected[rank].logical);
      EXPECT_EQ(found[rank].physical, expected[rank].physical);
    }
    const Placement next = redundant(model->config, group.size, static_cast<int>(step) + 1);
    layer.change_plan(next);
    steps.change_plan(next);
  }
  for (int rank = 0; rank < group.size; ++rank)
    EXPECT_EQ(steps.exchange().traffic(rank).bytes, layer.exchange().traffic(rank).bytes);
}

TEST_P(GpuMoeLayer, OnAGpuIsWithin1e5AndChoosesTheSameExperts) {
  const cuda::ProbeReport report = cuda::probe();
  if (!report.usable()) GTEST_SKIP() << "no usable GPU: " << report.problem;
  RankLogs logs(static_cast<std::size_t>(group.size));
  const auto gpu = cuda_backend().layer_device(model->config, {group, {}, &logs});
  MoeLayer on_gpu(*gpu, model, model->config.dense_layers, options,
                  redundant(model->config, group.size, 0));
  LayerCheck check;
  for (std::uint32_t step = 0; step < 4; ++step) {
    const auto inputs = random_inputs(model->config.hidden, group.size, kRows, step);
    check.add(layer.run(inputs, step), on_gpu.run(inputs, step),
              scores_of(model->config,
                        model->weights.layers[static_cast<std::size_t>(model->config.dense_layers)],
                        inputs));
    const Placement next = redundant(model->config, group.size, static_cast<int>(step) + 1);
    layer.change_plan(next);
    on_gpu.change_plan(next);
  }
  EXPECT_EQ(check.other_choices, 0);
  EXPECT_EQ(check.other_loads, 0);
  EXPECT_LE(check.largest, 1e-5);
  for (int rank = 0; rank < group.size; ++rank) {
    if (check.moved_choices == 0) {
      EXPECT_EQ(on_gpu.exchange().traffic(rank).bytes, layer.exchange().traffic(rank).bytes);
    }
    std::vector<WorkerRecord> workers;
    for (auto& ring : logs.log(static_cast<std::size_t>(rank))->workers) ring.drain(workers);
    EXPECT_FALSE(workers.empty());
    for (const WorkerRecord& worker : workers) {
      EXPECT_LT(static_cast<int>(worker.worker), gpu->facts().workers);
      EXPECT_LE(worker.begin, worker.end);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, GpuMoeLayer,
    ::testing::Combine(::testing::Values(1, 2),
                       ::testing::Values(DispatchMode::PerNode, DispatchMode::Direct),
                       ::testing::Values(CombineMode::Ordered, CombineMode::Hierarchical)));

TEST(GpuMoeLayerPlans, APlanForOtherRanksIsRefusedAndTheOldOneStays) {
  const auto model = test::small_model(5);
  const Group group{0, 4, 1};
  const auto cpu = cpu_device(model->config, group);
  MoeLayer layer(*cpu, model, model->config.dense_layers,
                 options_of(group, DispatchMode::Direct, CombineMode::Ordered),
                 redundant(model->config, 4, 0));
  EXPECT_THAT(test::error_of([&] { layer.change_plan(redundant(model->config, 8, 0)); }),
              HasSubstr("is for 8 ranks"));
  EXPECT_EQ(layer.epoch(), 0U);
}

TEST(GpuMoeLayerPlans, RowsAreCountedByExpertAndBySlot) {
  const auto model = test::small_model(5);
  const Group group{0, 4, 2};
  const auto cpu = cpu_device(model->config, group);
  MoeLayer layer(*cpu, model, model->config.dense_layers,
                 options_of(group, DispatchMode::PerNode, CombineMode::Ordered),
                 redundant(model->config, 4, 0));
  const auto inputs = random_inputs(model->config.hidden, group.size, kRows, 1);
  std::int64_t rows = 0, logical = 0, physical = 0;
  for (const LayerInput& input : inputs) rows += static_cast<std::int64_t>(input.keys.size());
  for (const LayerOutput& output : layer.run(inputs, 1)) {
    for (const auto count : output.logical) logical += count;
    for (const auto count : output.physical) physical += count;
  }
  EXPECT_EQ(logical, rows * model->config.top_k);
  EXPECT_EQ(physical, logical);
}

/// The CPU's, whose gate takes the first two experts for each other.
class Swapped final : public MoeOperators {
 public:
  explicit Swapped(const ModelConfig& config) : right_(cpu_operators(config)) {}
  void gate(const RouterView& router, const float* x, int rows, RoutingView routing,
            Team& team) const override {
    right_->gate(router, x, rows, routing, team);
    for (std::size_t i = 0; i < flat(rows, routing.top_k); ++i)
      if (routing.experts[i] < 2) routing.experts[i] = 1 - routing.experts[i];
  }
  void choose_slots(const ReplicaView& plan, RoutingView routing, const std::uint64_t* keys,
                    int rows, Choice* choices, std::uint32_t* loads, Team& team) const override {
    right_->choose_slots(plan, routing, keys, rows, choices, loads, team);
  }
  void experts(const ExpertRows& groups, const float* x, float* y, Team& team) const override {
    right_->experts(groups, x, y, team);
  }

 private:
  std::unique_ptr<Operators> right_;
};

/// A backend whose layers are the steps of kernels, with a router that may be wrong.
class StepBackend final : public Backend {
 public:
  const char* name() const override { return "steps"; }
  std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                          const MoeDeviceOptions&) const override {
    if (swaps) return std::make_unique<test::StepDevice>(std::make_unique<Swapped>(config));
    ModelConfig other = config;
    other.gate.normalise = config.gate.normalise != wrong;
    return std::make_unique<test::StepDevice>(other);
  }
  bool wrong = false, swaps = false;
};

TEST(GpuLayerRun, ReportsBackendsThatAgreeAndThrowsForThoseThatDoNot) {
  LayerRunOptions options;
  options.model = test::small_model(5);
  options.group = {0, 4, 2};
  options.max_tokens = kRows;
  options.steps = 2;
  StepBackend steps;
  Progress progress;
  EXPECT_THAT(run_layer(options, steps, cpu_backend(), nullptr, false, progress),
              AllOf(HasSubstr("4 ranks on 2 nodes"), HasSubstr("traffic the same")));
  steps.wrong = true;
  EXPECT_THAT(
      test::error_of([&] { run_layer(options, steps, cpu_backend(), nullptr, false, progress); }),
      HasSubstr("steps, per node: does not agree with cpu"));
}

TEST(GpuBackend, ThatRunsSingleLayersRefusesToServe) {
  const auto model = test::small_model(5);
  AddressSpace space({0, 0});
  const auto placement = Placement::contiguous(2, 16, 2);
  const StepBackend steps;
  EXPECT_FALSE(steps.serves());
  EXPECT_THAT(test::error_of([&] {
                steps.make_unit({model, space, {0, 2, 1}, {}, placement});
              }),
              HasSubstr("cannot serve"));
}

TEST(GpuLayerRun, CountsChoicesThatATieExplains) {
  auto model = std::make_shared<Model>(*test::small_model(5));
  LayerWeights& layer = model->weights.layers[static_cast<std::size_t>(model->config.dense_layers)];
  const auto hidden = static_cast<std::ptrdiff_t>(model->config.hidden);
  LayerRunOptions options;
  options.group = {0, 4, 2};
  options.max_tokens = kRows;
  options.steps = 2;
  options.model = model;
  StepBackend steps;
  steps.swaps = true;
  Progress progress;
  // Two experts that score differently are no tie.
  EXPECT_THAT(
      test::error_of([&] { run_layer(options, steps, cpu_backend(), nullptr, true, progress); }),
      HasSubstr("does not agree"));
  auto& router = layer.router.data;
  std::copy(router.begin(), router.begin() + hidden, router.begin() + hidden);
  if (!layer.router_bias.data.empty()) layer.router_bias.data[1] = layer.router_bias.data[0];
  const auto text = run_layer(options, steps, cpu_backend(), nullptr, false, progress);
  EXPECT_THAT(text, AllOf(HasSubstr("0 with other choices"), HasSubstr("tied within 4 ulp")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr(" 0 tied")));
}

/// One row whose gate chose experts 1 and 3 of four.
LayerOutput one_row() {
  LayerOutput row;
  row.routing = {2, {1, 3}, {0.5F, 0.5F}};
  row.sum = {1, -2};
  row.logical = {0, 1, 0, 1};
  row.physical = {0, 1, 0, 1};
  return row;
}

/// Expert 2 is `ulps` of the score of expert 3 behind it.
ScoresOfRow behind(int ulps) {
  GateScores scores{{0.1F, 0.75F, 0.5F, 0.5F}, {}};
  for (int i = 0; i < ulps; ++i) scores.weights[3] = std::nextafter(scores.weights[3], 1.0F);
  scores.selection = scores.weights;
  return [scores](std::size_t, std::size_t) { return scores; };
}

/// The same with expert 2 instead of 3, and what follows from that.
LayerOutput flipped_row() {
  LayerOutput row = one_row();
  row.routing.experts[1] = 2;
  row.sum = {7, 7};
  row.logical = {0, 1, 1, 0};
  row.physical = {0, 1, 1, 0};
  return row;
}

LayerCheck checked(const LayerOutput& found, const ScoresOfRow& scores) {
  LayerCheck check;
  check.add({one_row()}, {found}, scores);
  return check;
}

TEST(GpuLayerCheck, SeesAnotherChoiceAnotherLoadAndAWrongSum) {
  EXPECT_TRUE(checked(one_row(), behind(1000)).passed());
  EXPECT_EQ(checked(one_row(), behind(1000)).rows, 1);
  LayerOutput bad = one_row();
  bad.routing.experts[1] = 2;
  bad.sum[0] = 1.5F;
  bad.physical[0] = 1;
  const LayerCheck check = checked(bad, behind(1000));
  EXPECT_EQ(check.other_choices, 1);
  EXPECT_EQ(check.other_loads, 1);
  EXPECT_DOUBLE_EQ(check.largest, 0.25);
  EXPECT_FALSE(check.passed());
  bad.sum[0] = std::nanf("");
  EXPECT_TRUE(std::isinf(checked(bad, behind(1000)).largest));
}

TEST(GpuLayerCheck, ATieOfFourUlpMayGoEitherWayAndOneOfFiveMayNot) {
  const LayerCheck tie = checked(flipped_row(), behind(4));
  EXPECT_TRUE(tie.passed());
  EXPECT_EQ(tie.tied_choices, 1);
  EXPECT_EQ(tie.moved_choices, 1);
  EXPECT_EQ(tie.largest, 0);  // the sum of other experts is not compared
  const LayerCheck other = checked(flipped_row(), behind(5));
  EXPECT_EQ(other.tied_choices, 0);
  EXPECT_EQ(other.other_choices, 1);
  EXPECT_FALSE(other.passed());
}

TEST(GpuLayerCheck, ATieExplainsOnlyTheLoadsThatItMoves) {
  LayerOutput wrong = flipped_row();
  wrong.logical = one_row().logical;
  EXPECT_EQ(checked(wrong, behind(1)).other_loads, 2);
  wrong = flipped_row();
  wrong.physical[0] = 1;
  EXPECT_GT(checked(wrong, behind(1)).other_loads, 0);
  wrong = flipped_row();
  wrong.sum[0] = std::nanf("");
  EXPECT_FALSE(checked(wrong, behind(1)).passed());
}

TEST(GpuLayerCheck, ExpertsInAnotherOrderAreATieWhoseSumIsCompared) {
  LayerOutput found = one_row();
  std::swap(found.routing.experts[0], found.routing.experts[1]);
  GateScores scores{{0, 0.5F, 0, 0.5F}, {0, 0.5F, 0, 0.5F}};
  const auto equal = [&](std::size_t, std::size_t) { return scores; };
  EXPECT_TRUE(checked(found, equal).passed());
  EXPECT_EQ(checked(found, equal).moved_choices, 0);
  found.sum[0] = 1.5F;
  EXPECT_FALSE(checked(found, equal).passed());
}

TEST(GpuLayerCheck, AnExpertTwiceOneThatIsNotThereOrOneOfAMaskedGroupIsNoTie) {
  LayerOutput found = flipped_row();
  found.routing.experts = {1, 1};
  GateScores scores{{0, 0.5F, 0.5F, 0.5F}, {0, 0.5F, 0.5F, 0.5F}};
  const auto equal = [&](std::size_t, std::size_t) { return scores; };
  EXPECT_EQ(checked(found, equal).other_choices, 1);
  found.routing.experts = {1, 4};
  EXPECT_EQ(checked(found, equal).other_choices, 1);
  found.routing.experts = {1, -1};
  EXPECT_EQ(checked(found, equal).other_choices, 1);
  found.routing.experts = {1, 2};
  EXPECT_EQ(checked(found, equal).other_choices, 0);
  scores.selection[2] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(checked(found, equal).other_choices, 1);
}

TEST(GpuLayerCheck, ABiasLeavesTheLastPlaceOfTheScoreBeforeIt) {
  // 0.5 and a bit more, less 0.5: what is left has far smaller units, the error stays.
  const float more = std::nextafter(0.5F, 1.0F);
  const GateScores scores{{0, 0.9F, 0.5F, more}, {0, 0.4F, 0, more - 0.5F}};
  EXPECT_TRUE(checked(flipped_row(), [&](std::size_t, std::size_t) { return scores; }).passed());
}

TEST(CudaBudget, IsAnEqualPartWithAQuarterForCommunicationUnlessAskedForElse) {
  const cuda::SmBudget made_up = cuda::grant({}, 8, 132);
  EXPECT_EQ(made_up.sms, 16);
  EXPECT_EQ(made_up.communication, 4);
  const cuda::SmBudget asked = cuda::grant({16, 10}, 8, 132);
  EXPECT_EQ(asked.communication, 10);
}

TEST(CudaBudget, ThatDoesNotFitIsRefused) {
  EXPECT_THAT(test::error_of([] {
                cuda::grant({24, 4}, 8, 132);
              }),
              HasSubstr("8 ranks with 24 SMs each do not fit a GPU with 132"));
  EXPECT_THAT(test::error_of([] { cuda::grant({}, 100, 132); }), HasSubstr("do not fit"));
  EXPECT_THAT(test::error_of([] {
                cuda::grant({16, 16}, 8, 132);
              }),
              HasSubstr("leave none for computing"));
}

TEST(CudaBackend, WithoutAGpuSaysWhy) {
  const cuda::ProbeReport report = cuda::probe();
  if (report.usable()) GTEST_SKIP() << "there is a usable GPU";
  const auto model = test::small_model(5);
  EXPECT_THAT(test::error_of([&] {
                cuda_backend().layer_device(model->config, {{0, 4, 1}, {}, nullptr});
              }),
              HasSubstr(report.problem));
  AddressSpace space({0, 0});
  const auto placement = Placement::contiguous(2, 16, 2);
  EXPECT_THAT(test::error_of([&] {
                cuda_backend().make_unit({model, space, {0, 2, 1}, {}, placement});
              }),
              HasSubstr(report.problem));
}

}  // namespace
}  // namespace moescope::runtime
