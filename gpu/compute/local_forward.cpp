#include "gpu/compute/local_forward.h"

#include <algorithm>
#include <stdexcept>

namespace moescope::runtime {

int rope_dim(const ModelConfig& config) {
  return config.attention == AttentionKind::Mla ? config.mla.rope_dim : config.gqa.head_dim;
}

void combine_ordered(std::span<const float* const> outputs, std::span<const float> weights,
                     int hidden, float* sum) {
  std::fill_n(sum, hidden, 0.0F);
  for (std::size_t k = 0; k < outputs.size(); ++k)
    for (int i = 0; i < hidden; ++i) sum[i] += weights[k] * outputs[k][i];
}

LocalForward::LocalForward(std::shared_ptr<const Model> model, int max_positions, int kv_pages)
    : model_(std::move(model)),
      operators_(cpu_operators(model_->config)),
      rope_(model_->config.rope, rope_dim(model_->config), max_positions),
      cache_(model_->config, kv_pages) {}

void LocalForward::mlp(const LayerWeights& layer, const std::vector<float>& x, int rows,
                       std::vector<float>& y) {
  const int hidden = model_->config.hidden;
  if (!layer.moe) {
    operators_->swiglu(x.data(), rows, layer.dense, y.data(), team_);
    return;
  }
  Routing& routing = routing_.emplace_back();
  const int k = model_->config.top_k;
  operators_->gate(layer, x.data(), rows, routing.view(rows, k), team_);
  std::vector<float> out(static_cast<std::size_t>(k) * hidden), shared(y.size());
  std::vector<const float*> outputs(static_cast<std::size_t>(k));
  if (model_->config.shared_experts > 0)
    operators_->swiglu(x.data(), rows, layer.shared, shared.data(), team_);
  for (int r = 0; r < rows; ++r) {
    const std::size_t at = static_cast<std::size_t>(r) * hidden;
    for (int j = 0; j < k; ++j) {
      const auto expert =
          static_cast<std::size_t>(routing.experts[static_cast<std::size_t>(r * k + j)]);
      outputs[static_cast<std::size_t>(j)] = out.data() + static_cast<std::size_t>(j) * hidden;
      operators_->swiglu(x.data() + at, 1, layer.experts[expert],
                         out.data() + static_cast<std::size_t>(j) * hidden, team_);
    }
    combine_ordered(
        outputs,
        {routing.weights.data() + static_cast<std::ptrdiff_t>(r) * k, static_cast<std::size_t>(k)},
        hidden, y.data() + at);
    for (int i = 0; i < hidden; ++i)
      y[at + static_cast<std::size_t>(i)] += shared[at + static_cast<std::size_t>(i)];
  }
}

std::vector<float> LocalForward::run(std::span<const int> tokens, std::span<const TokenRow> rows) {
  const ModelConfig& c = model_->config;
  const ModelWeights& w = model_->weights;
  const int n = static_cast<int>(rows.size());
  const auto size = static_cast<std::size_t>(n) * c.hidden;
  std::vector<float> x(size), norm(size), y(size);
  for (int r = 0; r < n; ++r) {
    const int token = tokens[static_cast<std::size_t>(r)];
    if (token < 0 || token >= c.vocab) throw std::out_of_range("token outside the vocabulary");
    std::copy_n(w.embedding.row(token), c.hidden,
                x.data() + static_cast<std::size_t>(r) * c.hidden);
  }
  routing_.clear();
  for (int l = 0; l < c.layers; ++l) {
    const LayerWeights& layer = w.layers[static_cast<std::size_t>(l)];
    operators_->rms_norm(x.data(), n, layer.attention_norm, c.norm_eps, norm.data(), team_);
    operators_->attention(layer, l, norm.data(), rows, rope_, cache_, y.data(), nullptr, team_);
    for (std::size_t i = 0; i < size; ++i) x[i] += y[i];
    operators_->rms_norm(x.data(), n, layer.mlp_norm, c.norm_eps, norm.data(), team_);
    mlp(layer, norm, n, y);
    for (std::size_t i = 0; i < size; ++i) x[i] += y[i];
  }
  operators_->rms_norm(x.data(), n, w.final_norm, c.norm_eps, norm.data(), team_);
  std::vector<float> logits(static_cast<std::size_t>(n) * c.vocab);
  operators_->linear(norm.data(), n, w.output_head(), logits.data(), team_);
  return logits;
}

}  // namespace moescope::runtime
