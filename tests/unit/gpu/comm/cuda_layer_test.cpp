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
    check.add(layer.run(inputs, step), on_gpu.run(inputs, step));
    const Placement next = redundant(model->config, group.size, static_cast<int>(step) + 1);
    layer.change_plan(next);
    on_gpu.change_plan(next);
  }
  EXPECT_EQ(check.other_choices, 0);
  EXPECT_EQ(check.other_loads, 0);
  EXPECT_LE(check.largest, 1e-5);
  for (int rank = 0; rank < group.size; ++rank) {
    EXPECT_EQ(on_gpu.exchange().traffic(rank).bytes, layer.exchange().traffic(rank).bytes);
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

/// A backend whose layers are the steps of kernels, with a router that may be wrong.
class StepBackend final : public Backend {
 public:
  const char* name() const override { return "steps"; }
  std::unique_ptr<MoeDevice> layer_device(const ModelConfig& config,
                                          const MoeDeviceOptions&) const override {
    ModelConfig other = config;
    other.gate.normalise = config.gate.normalise != wrong;
    return std::make_unique<test::StepDevice>(other);
  }
  bool wrong = false;
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

TEST(GpuLayerCheck, SeesAnotherChoiceAnotherLoadAndAWrongSum) {
  LayerOutput good;
  good.routing = {2, {1, 3}, {0.5F, 0.5F}};
  good.sum = {1, -2};
  good.logical = {0, 1, 0, 1};
  good.physical = {1, 1};
  LayerCheck check;
  check.add({good}, {good});
  EXPECT_TRUE(check.passed());
  EXPECT_EQ(check.rows, 1);
  LayerOutput bad = good;
  bad.routing.experts[1] = 2;
  bad.sum[0] = 1.5F;
  bad.physical[0] = 0;
  check.add({good}, {bad});
  EXPECT_EQ(check.other_choices, 1);
  EXPECT_EQ(check.other_loads, 1);
  EXPECT_DOUBLE_EQ(check.largest, 0.25);
  EXPECT_FALSE(check.passed());
  bad.sum[0] = std::nanf("");
  LayerCheck broken;
  broken.add({good}, {bad});
  EXPECT_TRUE(std::isinf(broken.largest));
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
