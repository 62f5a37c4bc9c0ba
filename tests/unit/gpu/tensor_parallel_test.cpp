// Attention spread over ranks: the same logits, whichever rank computes which head and row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "gpu/comm/exchange/tensor_exchange.h"
#include "gpu/compute/local_forward.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/model/attention_shard.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/reference_model.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using ::testing::HasSubstr;

struct Case {
  int ranks = 4, nodes = 1, tp = 2;
  UnitKind kind = UnitKind::Prefill;
  bool overlap = true;
  CombineMode combine = CombineMode::Ordered;
};

std::vector<std::vector<int>> prompts(int count, int vocab) {
  std::vector<std::vector<int>> result(static_cast<std::size_t>(count));
  for (int r = 0; r < count; ++r)
    for (int t = 0; t < 2 + r % 6; ++t)
      result[static_cast<std::size_t>(r)].push_back((r * 31 + t * 7 + 5) % vocab);
  return result;
}

/// Runs prompts through a unit: each request at an attention group, its rows spread over the ranks.
class Running {
 public:
  Running(std::shared_ptr<const Model> model, const Case& c)
      : model_(std::move(model)), group_{0, c.ranks, c.nodes}, space_(group_.node_table()) {
    UnitOptions options;
    options.kind = c.kind;
    options.overlap = c.overlap;
    options.combine = c.combine;
    options.tp = c.tp;
    options.max_tokens = 96;
    options.max_positions = 64;
    const ModelConfig& config = model_->config;
    unit_ = cpu_backend().make_unit(
        {model_, space_, group_, options,
         Placement::contiguous(config.moe_layers(), config.experts, c.ranks)});
  }

  /// Logits of the last token of each prompt; `from`: first position (earlier ones are cached).
  std::vector<std::vector<float>> run(const std::vector<std::vector<int>>& all, bool last_only) {
    const auto groups = static_cast<std::size_t>(unit_->groups());
    std::vector<RankInput> inputs(groups);
    sequences_.resize(all.size());
    for (std::size_t r = 0; r < all.size(); ++r) {
      const std::size_t g = r % groups;
      EXPECT_TRUE(unit_->pages(static_cast<int>(g))
                      .reserve(sequences_[r], static_cast<int>(all[r].size()) + 1));
      auto& batch = inputs[g].micro_batches[r / groups % 2];
      const int length = static_cast<int>(all[r].size());
      for (int t = last_only ? length - 1 : 0; t < length; ++t)
        batch.add(all[r][static_cast<std::size_t>(t)], &sequences_[r], t, r);
      batch.sampled.push_back(batch.size() - 1);
    }
    const auto outputs = unit_->step(inputs);
    const auto vocab = static_cast<std::ptrdiff_t>(model_->config.vocab);
    std::map<std::pair<std::size_t, std::size_t>, std::ptrdiff_t> next;
    std::vector<std::vector<float>> result;
    for (std::size_t r = 0; r < all.size(); ++r) {
      const std::size_t g = r % groups, mb = r / groups % 2;
      const auto at = outputs[g].logits[mb].begin() + next[{g, mb}]++ * vocab;
      result.emplace_back(at, at + vocab);
    }
    return result;
  }
  Unit& unit() { return *unit_; }
  AddressSpace& space() { return space_; }

 private:
  std::shared_ptr<const Model> model_;
  Group group_;
  AddressSpace space_;
  std::unique_ptr<Unit> unit_;
  std::vector<KvSequence> sequences_;
};

template <typename Expected>
double worst_relative(const std::vector<float>& found, const Expected& expected) {
  double scale = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - expected[i]));
  }
  return worst / scale;
}

std::shared_ptr<const Model> family_model(const std::string& family) {
  if (family == "small") return test::small_model(3);
  Progress progress;
  return load_model(std::string(MOESCOPE_SOURCE_DIR) + "/tests/golden/data/" + family, 0, progress);
}

class GpuTensorParallel : public ::testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(GpuTensorParallel, LogitsAgreeAcrossSizesAndWithThePlainReference) {
  const auto [family, tp] = GetParam();
  const auto model = family_model(family);
  const auto all = prompts(11, model->config.vocab);
  const auto whole = Running(model, {4, 1, 1}).run(all, false);
  const auto found = Running(model, {4, 1, tp}).run(all, false);
  for (std::size_t r = 0; r < all.size(); ++r) {
    EXPECT_LT(worst_relative(found[r], whole[r]), 1e-5) << "request " << r;
    EXPECT_LT(worst_relative(found[r], test::reference_forward(*model, all[r]).logits.back()), 1e-4)
        << "request " << r;
  }
}

TEST_P(GpuTensorParallel, LogitsAreBitwiseTheSameForEveryLayoutAtOneSize) {
  const auto [family, tp] = GetParam();
  const auto model = family_model(family);
  auto all = prompts(11, model->config.vocab);
  auto longer = all;
  for (auto& prompt : longer) prompt.push_back(static_cast<int>(prompt.size()) % 7);
  Running alone(model, {tp, 1, tp});
  const auto expected = alone.run(all, false), expected_next = alone.run(longer, true);
  for (const auto& [ranks, nodes] : {std::pair{8, 2}, {16, 4}, {16, 1}})
    for (const auto kind : {UnitKind::Prefill, UnitKind::Decode})
      for (const bool overlap : {true, false}) {
        if (ranks / nodes % tp != 0 || (ranks == 16 && overlap)) continue;
        Running running(model, {ranks, nodes, tp, kind, overlap});
        ASSERT_EQ(running.run(all, false), expected) << ranks << " ranks";
        ASSERT_EQ(running.run(longer, true), expected_next) << ranks << " ranks, decode";
      }
}

INSTANTIATE_TEST_SUITE_P(Families, GpuTensorParallel,
                         ::testing::Values(std::tuple{"small", 2}, std::tuple{"small", 4},
                                           std::tuple{"deepseek_v2", 2},
                                           std::tuple{"deepseek_v3", 2}, std::tuple{"olmoe", 2},
                                           std::tuple{"olmoe", 4}, std::tuple{"qwen3_moe", 2},
                                           std::tuple{"qwen3_moe", 4}),
                         [](const auto& family) {
                           return std::string(std::get<0>(family.param)) + "_tp" +
                                  std::to_string(std::get<1>(family.param));
                         });

class GpuTensorParallelGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(GpuTensorParallelGolden, LogitsAgreeWithTransformers) {
  const auto model = family_model(GetParam());
  const SafetensorsFile golden(std::string(MOESCOPE_SOURCE_DIR) + "/tests/golden/data/" +
                               GetParam() + "/golden.safetensors");
  const TensorView& ids = golden.tensors().at("tokens");
  std::vector<std::int32_t> tokens(ids.elements());
  std::memcpy(tokens.data(), ids.bytes.data(), ids.bytes.size());
  std::vector<float> logits(golden.tensors().at("logits").elements());
  to_floats(golden.tensors().at("logits"), logits);
  std::vector<std::vector<int>> prefixes;  // the last token of prefix t has the logits of row t
  for (std::size_t t = 0; t < tokens.size() && t < 8; ++t)
    prefixes.emplace_back(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(t) + 1);
  const auto found = Running(model, {4, 2, 2}).run(prefixes, false);
  const auto vocab = static_cast<std::ptrdiff_t>(model->config.vocab);
  for (std::size_t t = 0; t < prefixes.size(); ++t) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(t) * vocab;
    EXPECT_LT(worst_relative(found[t], std::vector<float>(row, row + vocab)), 1e-4) << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GpuTensorParallelGolden,
                         ::testing::Values("deepseek_v3", "deepseek_v2", "qwen3_moe", "olmoe"),
                         [](const auto& family) { return std::string(family.param); });

TEST(GpuTensorParallelTraffic, GatherAndScatterMoveEveryRowOncePerPeerAndStayInTheNode) {
  const auto model = test::small_model(3);
  Running running(model, {8, 2, 4});
  const auto all = prompts(9, model->config.vocab);
  running.run(all, false);
  std::uint64_t rows = 0;
  for (const auto& prompt : all) rows += prompt.size();
  const std::uint64_t moved = rows * 3 * static_cast<std::uint64_t>(model->config.hidden) *
                              sizeof(float) * static_cast<std::uint64_t>(model->config.layers);
  const Traffic traffic = running.space().total_traffic();
  for (const Purpose purpose : {Purpose::AllGather, Purpose::ReduceScatter}) {
    EXPECT_EQ(traffic.of(purpose, Link::NvLink), moved) << to_string(purpose);
    EXPECT_EQ(traffic.of(purpose, Link::Ib), 0U);
  }
}

TEST(GpuTensorParallelCache, ARankKeepsItsHeadsOrTheLatent) {
  const auto qwen = family_model("qwen3_moe");
  const auto width = static_cast<std::size_t>(qwen->config.kv_width());
  const auto kept = [](Running&& running) {  // of one token
    return running.unit().page_bytes() / sizeof(float) /
           static_cast<std::size_t>(PageBook::page_tokens());
  };
  EXPECT_EQ(kept(Running(qwen, {4, 1, 2})), width / 2);
  EXPECT_EQ(kept(Running(qwen, {4, 1, 4})), width / 2);  // two ranks a head
  const auto deepseek = test::small_model(3);
  EXPECT_EQ(kept(Running(deepseek, {4, 1, 4})),
            static_cast<std::size_t>(deepseek->config.kv_width()));
}

TEST(GpuTensorParallelLayout, ImpossibleOnesAreRefused) {
  const auto model = test::small_model(3);
  const auto refusal = [&](int ranks, int nodes, int tp) {
    return error_of([&] { Running(model, {ranks, nodes, tp}); });
  };
  EXPECT_THAT(refusal(8, 1, 8), HasSubstr("4 attention heads"));
  EXPECT_THAT(refusal(8, 1, 3), HasSubstr("cannot form groups of 3"));
  EXPECT_THAT(refusal(8, 4, 4), HasSubstr("across nodes"));
  EXPECT_THAT(refusal(8, 4, 0), HasSubstr("groups of 0"));
  ModelConfig grouped = family_model("qwen3_moe")->config;
  grouped.heads = 12;
  grouped.gqa.kv_heads = 4;
  EXPECT_THAT(error_of([&] { attention_shard(grouped, 6); }), HasSubstr("4 heads of keys"));
}

TEST(GpuTensorParallelServing, EveryRequestGetsTheTokensOfTheWholeAttention) {
  const auto model = test::small_model(11);
  EngineOptions options;
  options.ranks = 8;
  options.nodes = 1;
  options.tp = 2;
  options.combine = CombineMode::Ordered;
  options.kv_pages = 12;
  options.max_tokens = 6;  // a prompt of 10 needs the room of both ranks
  options.workload = parse_workload("rate=2000,prompt=2:10,output=1:9,seed=4");
  Engine engine(cpu_backend(), model, options, std::nullopt, nullptr);
  engine.keep_outputs();
  Progress progress;
  const auto statistics = engine.run({0, 60}, progress);
  ASSERT_GT(statistics.finished, 10U);
  for (const auto& [request, output] : engine.outputs()) {
    // The whole attention chooses the same tokens: no two logits are closer than the tolerance.
    std::vector<int> tokens = request.prompt;
    tokens.insert(tokens.end(), output.begin(), output.end() - 1);
    LocalForward forward(model, 64, 8);
    KvSequence sequence;
    ASSERT_TRUE(forward.cache().reserve(sequence, 40));
    std::vector<TokenRow> rows;
    for (int t = 0; t < static_cast<int>(tokens.size()); ++t) rows.push_back({&sequence, t});
    const auto logits = forward.run(tokens, rows);
    const auto vocab = static_cast<std::ptrdiff_t>(model->config.vocab);
    for (std::size_t i = 0; i < output.size(); ++i) {
      const auto at =
          logits.begin() + static_cast<std::ptrdiff_t>(request.prompt.size() - 1 + i) * vocab;
      ASSERT_EQ(output[i], std::max_element(at, at + vocab) - at) << "request " << request.id;
    }
  }
  EXPECT_GT(statistics.traffic.of(Purpose::AllGather, Link::NvLink), 0U);
}

TEST(GpuTensorExchangeLimits, MoreRowsThanThereIsRoomForAreRefused) {
  AddressSpace space({0, 0});
  TensorExchange exchange(space, {0, 2, 1}, {2}, 4, 3);
  std::vector<float> values(9);
  EXPECT_THROW(exchange.send_rows(0, values.data(), 3, 2), std::length_error);
  EXPECT_THROW(exchange.sum(0, values), std::length_error);
}

}  // namespace
}  // namespace moescope::runtime
