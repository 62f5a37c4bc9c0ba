#include "gpu/compute/operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gpu/compute/cpu/gate.h"
#include "gpu/compute/cpu/kernels.h"
#include "gpu/compute/local_forward.h"
#include "tests/unit/gpu/reference_model.h"

namespace moescope::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::vector<float> numbers(std::size_t count, std::uint64_t seed) {
  SeededSource source(seed);
  return source.matrix("numbers", 1, static_cast<int>(count)).data;
}

TEST(GpuKernels, ARowOfALinearIsTheSameInEveryBatch) {
  for (const int in : {1, 7, 8, 9, 16, 61}) {
    const Matrix w{5, in, numbers(static_cast<std::size_t>(5 * in), 1)};
    const auto x = numbers(static_cast<std::size_t>(7 * in), 2);
    std::vector<float> all(7 * 5), one(5);
    cpu::linear(x.data(), 0, 7, w, all.data());
    for (std::size_t r = 0; r < 7; ++r) {
      cpu::linear(x.data() + r * static_cast<std::size_t>(in), 0, 1, w, one.data());
      EXPECT_EQ(one, std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(r * 5),
                                        all.begin() + static_cast<std::ptrdiff_t>(r * 5 + 5)));
      double exact = 0;
      for (int i = 0; i < in; ++i)
        exact += static_cast<double>(w.row(3)[i]) *
                 x[r * static_cast<std::size_t>(in) + static_cast<std::size_t>(i)];
      EXPECT_NEAR(one[3], exact, 1e-5);
    }
  }
}

Gate deepseek_gate(int groups, int top_groups) {
  return {Scoring::Sigmoid, true, groups, top_groups, GroupScore::SumOfTopTwo, true, 2.5};
}

struct Choice {
  std::vector<std::int32_t> experts;
  std::vector<float> weights;
};
Choice choose(const Gate& gate, std::vector<float> logits, const std::vector<float>& bias, int k) {
  Choice choice{std::vector<std::int32_t>(static_cast<std::size_t>(k)),
                std::vector<float>(static_cast<std::size_t>(k))};
  cpu::choose_experts(gate, static_cast<int>(logits.size()), k, logits.data(),
                      bias.empty() ? nullptr : bias.data(), choice.experts.data(),
                      choice.weights.data());
  return choice;
}

TEST(GpuGate, TheBiasSelectsAndTheUnbiasedScoresWeigh) {
  const auto choice = choose(deepseek_gate(1, 1), {0, 2, 1, -4}, {0, 0, 0, 5}, 2);
  EXPECT_THAT(choice.experts, ElementsAre(3, 1));
  const double last = 1 / (1 + std::exp(4.0)), second = 1 / (1 + std::exp(-2.0));
  EXPECT_NEAR(choice.weights[0], 2.5 * last / (last + second), 1e-6);
  EXPECT_NEAR(choice.weights[1], 2.5 * second / (last + second), 1e-6);
}

TEST(GpuGate, AMaskedGroupLosesAgainstNegativeScores) {
  // The second group wins by its two best; its other members score below zero, yet the masked
  // group must not be chosen.
  const auto choice =
      choose(deepseek_gate(2, 1), {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 3, 3, -2, -2}, 4);
  EXPECT_THAT(choice.experts, UnorderedElementsAre(4, 5, 6, 7));
}

TEST(GpuGate, AGroupScoresByItsTwoBestAndNotByItsBest) {
  const auto choice = choose(deepseek_gate(2, 1), {0, 0, 0, 0}, {1, -1, 0.4F, 0.4F}, 2);
  EXPECT_THAT(choice.experts, UnorderedElementsAre(2, 3));
}

TEST(GpuGate, TiesGoToTheLowerExpert) {
  EXPECT_THAT(choose({}, {1, 1, 1, 1}, {}, 2).experts, ElementsAre(0, 1));
}

std::shared_ptr<const Model> small_model(std::uint64_t seed, bool groups_of_one) {
  auto model = std::make_shared<Model>();
  model->config = tiny_config();
  model->config.layers = 4;
  model->config.experts = 32;
  if (groups_of_one) model->config.gate.groups = model->config.gate.top_groups = 1;
  SeededSource source(seed);
  Progress progress;
  model->weights = load_weights(model->config, source, progress);
  return model;
}

TEST(GpuForward, AgreesWithThePlainReference) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto model = small_model(seed, seed == 2);
    std::vector<int> tokens;
    for (int t = 0; t < 20; ++t)
      tokens.push_back((t * 37 + static_cast<int>(seed)) % model->config.vocab);
    LocalForward forward(model, 64, 8);
    KvSequence sequence;
    ASSERT_TRUE(forward.cache().reserve(sequence, 20));
    std::vector<TokenRow> rows;
    for (int t = 0; t < 20; ++t) rows.push_back({&sequence, t});
    const auto logits = forward.run(tokens, rows);
    const auto expected = test::reference_forward(*model, tokens);
    for (std::size_t t = 0; t < 20; ++t) {
      double scale = 0, worst = 0;
      for (std::size_t i = 0; i < expected.logits[t].size(); ++i) {
        scale = std::max(scale, std::abs(expected.logits[t][i]));
        worst = std::max(worst,
                         std::abs(expected.logits[t][i] -
                                  static_cast<double>(logits[t * expected.logits[t].size() + i])));
      }
      EXPECT_LT(worst / scale, 1e-4) << "seed " << seed << " token " << t;
      for (std::size_t layer = 0; layer < forward.routing().size(); ++layer) {
        const auto& experts = forward.routing()[layer].experts;
        const auto k = static_cast<std::ptrdiff_t>(model->config.top_k);
        const auto first = experts.begin() + static_cast<std::ptrdiff_t>(t) * k;
        EXPECT_EQ(std::set<int>(first, first + k), expected.chosen[layer][t]);
      }
    }
  }
}

TEST(GpuForward, AMixedBatchChangesNoBitOfASequence) {
  const auto model = small_model(5, false);
  LocalForward forward(model, 64, 16);
  KvSequence alone, first, second;
  for (auto* sequence : {&alone, &first, &second})
    ASSERT_TRUE(forward.cache().reserve(*sequence, 20));
  const std::vector<int> prompt = {5, 9, 400, 3};
  std::vector<TokenRow> rows, mixed;
  std::vector<int> tokens;
  for (int t = 0; t < 4; ++t) rows.push_back({&alone, t});
  const auto expected = forward.run(prompt, rows);
  for (int t = 0; t < 4; ++t) {  // two sequences interleaved, the other one with other tokens
    mixed.push_back({&second, t});
    tokens.push_back(100 + t);
    mixed.push_back({&first, t});
    tokens.push_back(prompt[static_cast<std::size_t>(t)]);
  }
  const auto found = forward.run(tokens, mixed);
  const auto vocab = static_cast<std::size_t>(model->config.vocab);
  for (std::size_t t = 0; t < 4; ++t)
    for (std::size_t i = 0; i < vocab; ++i)
      ASSERT_EQ(found[(2 * t + 1) * vocab + i], expected[t * vocab + i]);
}

TEST(GpuKvCache, PagesAreTakenGivenBackAndNeverOverdrawn) {
  KvCache cache(tiny_config(), 4);
  KvSequence a, b;
  EXPECT_TRUE(cache.reserve(a, 17));
  EXPECT_EQ(a.pages.size(), 2U);
  EXPECT_TRUE(cache.reserve(a, 32));
  EXPECT_EQ(a.pages.size(), 2U);
  EXPECT_FALSE(cache.reserve(b, 33));
  EXPECT_TRUE(b.pages.empty());
  EXPECT_EQ(cache.free_pages(), 2);
  cache.release(a);
  EXPECT_EQ(cache.free_pages(), 4);
  EXPECT_TRUE(cache.reserve(b, 64));
}

}  // namespace
}  // namespace moescope::runtime
