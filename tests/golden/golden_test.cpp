// The runtime against logits that Hugging Face transformers computed (make_goldens.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "gpu/compute/local_forward.h"
#include "tests/unit/gpu/reference_model.h"

namespace moescope::runtime {
namespace {

/// What make_goldens.py wrote for one family.
class Golden {
 public:
  explicit Golden(const std::string& family)
      : folder_(std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests/golden/data" / family),
        file_(folder_ / "golden.safetensors") {
    Progress progress;
    model_ = load_model(folder_.string(), 0, progress);
  }
  std::shared_ptr<const Model> model() const { return model_; }
  std::vector<int> tokens() const { return integers("tokens"); }
  std::vector<float> logits() const { return floats("logits"); }
  std::vector<int> integers(const std::string& name) const {
    const auto& view = file_.tensors().at(name);
    std::vector<int> values(view.elements());
    std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    return values;
  }
  std::vector<float> floats(const std::string& name) const {
    const auto& view = file_.tensors().at(name);
    std::vector<float> values(view.elements());
    to_floats(view, values);
    return values;
  }

 private:
  std::filesystem::path folder_;
  SafetensorsFile file_;
  std::shared_ptr<const Model> model_;
};

/// Largest difference, relative to the largest expected value of the row.
template <typename Found, typename Expected>
double worst_relative(const Found& found, const Expected& expected, std::size_t width) {
  double worst = 0;
  for (std::size_t row = 0; row < expected.size() / width; ++row) {
    double scale = 0, difference = 0;
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
      difference = std::max(
          difference, std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
    }
    worst = std::max(worst, difference / scale);
  }
  return worst;
}

/// Rows of one sequence that begins at position 0.
std::vector<TokenRow> rows_of(const KvSequence& sequence, int begin, int end) {
  std::vector<TokenRow> rows;
  for (int position = begin; position < end; ++position) rows.push_back({&sequence, position});
  return rows;
}

class GpuGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(GpuGolden, LogitsAgreeWithTransformers) {
  const Golden golden(GetParam());
  const auto tokens = golden.tokens();
  LocalForward forward(golden.model(), 64, 8);
  KvSequence sequence;
  ASSERT_TRUE(forward.cache().reserve(sequence, static_cast<int>(tokens.size())));
  const auto logits = forward.run(tokens, rows_of(sequence, 0, static_cast<int>(tokens.size())));
  EXPECT_LT(worst_relative(logits, golden.logits(), golden.model()->config.vocab), 1e-4);
}

TEST_P(GpuGolden, TheGateChoosesWhatTransformersChooses) {
  const Golden golden(GetParam());
  const auto tokens = golden.tokens();
  const ModelConfig& config = golden.model()->config;
  LocalForward forward(golden.model(), 64, 8);
  KvSequence sequence;
  ASSERT_TRUE(forward.cache().reserve(sequence, static_cast<int>(tokens.size())));
  forward.run(tokens, rows_of(sequence, 0, static_cast<int>(tokens.size())));
  ASSERT_EQ(static_cast<int>(forward.routing().size()), config.moe_layers());
  const auto k = static_cast<std::size_t>(config.top_k);
  for (std::size_t layer = 0; layer < forward.routing().size(); ++layer) {
    const Routing& routing = forward.routing()[layer];
    const std::string number = std::to_string(static_cast<int>(layer) + config.dense_layers);
    const auto experts = golden.integers("experts." + number);
    const auto weights = golden.floats("weights." + number);
    ASSERT_EQ(routing.experts.size(), experts.size());
    for (std::size_t row = 0; row < tokens.size(); ++row) {
      std::map<int, float> expected, found;
      for (std::size_t i = row * k; i < (row + 1) * k; ++i) {
        expected[experts[i]] = weights[i];
        found[routing.experts[i]] = routing.weights[i];
      }
      for (const auto& [expert, weight] : expected) {
        ASSERT_TRUE(found.contains(expert)) << "layer " << layer << " row " << row;
        EXPECT_NEAR(found[expert], weight, 1e-4 * weight);
      }
    }
  }
}

TEST_P(GpuGolden, ThePlainReferenceAgreesWithTransformers) {
  const Golden golden(GetParam());
  const auto result = test::reference_forward(*golden.model(), golden.tokens());
  std::vector<double> flat;
  for (const auto& row : result.logits) flat.insert(flat.end(), row.begin(), row.end());
  EXPECT_LT(worst_relative(flat, golden.logits(), golden.model()->config.vocab), 1e-4);
}

TEST_P(GpuGolden, DecodingTokenByTokenIsPrefillBitForBit) {
  const Golden golden(GetParam());
  const auto tokens = golden.tokens();
  const int count = static_cast<int>(tokens.size());
  LocalForward forward(golden.model(), 64, 8);
  KvSequence whole, stepwise;
  ASSERT_TRUE(forward.cache().reserve(whole, count));
  ASSERT_TRUE(forward.cache().reserve(stepwise, count));
  const auto prefill = forward.run(tokens, rows_of(whole, 0, count));
  std::vector<float> decode;
  for (int t = 0; t < count; ++t) {
    const auto row = forward.run(std::vector<int>{tokens[static_cast<std::size_t>(t)]},
                                 rows_of(stepwise, t, t + 1));
    decode.insert(decode.end(), row.begin(), row.end());
  }
  EXPECT_EQ(decode, prefill);
}

INSTANTIATE_TEST_SUITE_P(Families, GpuGolden,
                         ::testing::Values("deepseek_v3", "deepseek_v2", "qwen3_moe", "olmoe"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace moescope::runtime
