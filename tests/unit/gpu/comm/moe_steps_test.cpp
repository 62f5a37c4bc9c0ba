// The steps of gate, slots and SwiGLU, with one lane and as warps, against the CPU's operators.
#include "gpu/compute/moe_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/compute/cpu/kernels.h"
#include "gpu/compute/grouped_products.h"
#include "gpu/compute/operators.h"
#include "gpu/engine/placement/placement.h"
#include "tests/unit/gpu/comm/step_support.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/hw/edges.h"

namespace moescope::runtime {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kRows = 6;

std::vector<float> numbers(std::size_t count, std::uint64_t seed) {
  return SeededSource(seed).matrix("numbers", 1, static_cast<int>(count)).data;
}

/// The same bits with one lane and as warps on every schedule; every sync of the text is needed.
class GpuGateSteps : public ::testing::TestWithParam<Gate> {};

TEST_P(GpuGateSteps, ChooseWhatTheOperatorChooses) {
  ModelConfig config = tiny_config();
  config.gate = GetParam();
  const auto x = numbers(flat(kRows, config.hidden), 3);
  const auto weight = numbers(flat(config.experts, config.hidden), 4);
  const auto bias = numbers(static_cast<std::size_t>(config.experts), 5);
  const RouterView router({config.experts, config.hidden, weight.data()},
                          config.gate.bias ? bias.data() : nullptr);
  SerialTeam team;
  Routing expected;
  cpu_operators(config)->gate(router, x.data(), kRows, expected.view(kRows, config.top_k), team);
  const auto right = [&](const test::StepRun& run) {
    Routing found;
    GateRows step{config.gate, config.experts, config.hidden,
                  kRows,       x.data(),       weight.data(),
                  router.bias, nullptr,        found.view(kRows, config.top_k)};
    std::vector<float> scratch(flat(kRows, step.scratch_floats()));
    step.scratch = scratch.data();
    test::run_step(step, run);
    if (found.experts != expected.experts || found.weights != expected.weights) return false;
    std::fill(found.weights.begin(), found.weights.end(), 0.0F);
    test::run_step(WeighRows{step}, run);
    return found.weights == expected.weights;
  };
  EXPECT_TRUE(right({2, false, {}}));
  const auto in_warps = [&](const hw::Emulation& emulation) { return right({2, true, emulation}); };
  EXPECT_THAT(test::failures(in_warps), IsEmpty());
  EXPECT_THAT(test::unnoticed(in_warps), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Gates, GpuGateSteps,
    ::testing::Values(Gate{Scoring::Softmax, false, 1, 1, GroupScore::Max, false, 1},
                      Gate{Scoring::Softmax, false, 8, 3, GroupScore::Max, true, 1},
                      Gate{Scoring::Sigmoid, true, 8, 4, GroupScore::SumOfTopTwo, true, 2.5}));

TEST(GpuMoeSteps, SlotsAreThoseOfThePlacementAndRowsAreCounted) {
  const Placement placement({{0, 1, 2, 0, 1, 0}}, {{0.5, 0.9, 1, 0.3, 0.1, 0.2}}, 3, 2);
  std::vector<std::int32_t> first = {0}, slots;
  std::vector<double> upto;
  for (int expert = 0; expert < 3; ++expert) {
    slots.insert(slots.end(), placement.replicas(0, expert).begin(),
                 placement.replicas(0, expert).end());
    upto.insert(upto.end(), placement.shares(0, expert).begin(), placement.shares(0, expert).end());
    first.push_back(static_cast<std::int32_t>(slots.size()));
  }
  constexpr int kTokens = 50;
  Routing routing;
  const RoutingView view = routing.view(kTokens, 2);
  std::vector<std::uint64_t> keys;
  for (int row = 0; row < kTokens; ++row) {
    view.experts[2 * row] = row % 3;
    view.experts[2 * row + 1] = (row + 1) % 3;
    view.weights[2 * row] = static_cast<float>(row);
    keys.push_back(token_key(static_cast<std::uint64_t>(row), 1, 0));
  }
  std::vector<Choice> choices(2 * kTokens);
  std::vector<std::uint32_t> loads(3);
  test::run_step(ChooseSlots{{first.data(), slots.data(), upto.data()},
                             view,
                             keys.data(),
                             kTokens,
                             choices.data(),
                             loads.data()},
                 {2, true, {}});
  for (int i = 0; i < 2 * kTokens; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(choices[at].slot,
              placement.choose(0, view.experts[i], keys[static_cast<std::size_t>(i / 2)]));
    EXPECT_EQ(choices[at].order, i % 2);
    EXPECT_EQ(choices[at].weight, view.weights[i]);
  }
  EXPECT_THAT(loads, ElementsAre(33U, 34U, 33U));
}

TEST(GpuMoeSteps, SwigluTakesAsManyRowsAsThereAre) {
  constexpr int kWidth = 5;
  const std::int32_t rows = 3;
  auto gate = numbers(4 * kWidth, 1), expected = gate;
  const auto up = numbers(4 * kWidth, 2);
  cpu::silu_multiply(expected.data(), up.data(), rows * kWidth);
  test::run_step(SwigluRows{&rows, kWidth, gate.data(), up.data()}, {2, true, {}});
  EXPECT_EQ(gate, expected);
}

/// What cuBLAS is asked for, one product after the other: column-major, A transposed.
void multiply(const GroupedProducts& p) {
  std::size_t product = 0;
  for (std::size_t group = 0; group < p.sizes.size(); ++group)
    for (int i = 0; i < p.sizes[group]; ++i, ++product) {
      const auto* a = static_cast<const float*>(p.a[product]);
      const auto* b = static_cast<const float*>(p.b[product]);
      auto* c = static_cast<float*>(p.c[product]);
      for (int row = 0; row < p.m[group]; ++row)
        for (int column = 0; column < p.n[group]; ++column)
          c[row + column * p.m[group]] =
              cpu::dot(a + flat(row, p.k[group]), b + flat(column, p.k[group]), p.k[group]);
    }
}

TEST(GpuMoeSteps, GroupedProductsAreTheExpertsOfTheCpuAndLeaveOutThoseWithoutRows) {
  const auto model = test::small_model(5);
  const ModelConfig& config = model->config;
  const auto& all = model->weights.layers.back().experts;
  const std::vector<MlpView> experts = {all[0], all[1], all[2], all[3]};
  const std::vector<std::int32_t> offsets = {0, 2, 2, 5, 5};
  const auto x = numbers(flat(5, config.hidden), 6);
  std::vector<float> expected(x.size()), y(x.size()), scratch(2 * flat(5, config.expert_width));
  SerialTeam team;
  cpu_operators(config)->experts({experts, offsets.data()}, x.data(), expected.data(), team);
  float *gate = scratch.data(), *up = gate + flat(5, config.expert_width);
  const auto first = up_products(experts, offsets, x.data(), gate, up);
  EXPECT_EQ(first.groups(), 2);
  EXPECT_THAT(first.sizes, Each(2));
  multiply(first);
  test::run_step(SwigluRows{&offsets.back(), config.expert_width, gate, up}, {});
  multiply(down_products(experts, offsets, gate, y.data()));
  EXPECT_EQ(y, expected);
}

}  // namespace
}  // namespace moescope::runtime
