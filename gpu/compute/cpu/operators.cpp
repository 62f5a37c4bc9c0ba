#include "gpu/compute/operators.h"

#include "gpu/compute/cpu/attention.h"
#include "gpu/compute/cpu/gate.h"
#include "gpu/compute/cpu/kernels.h"

namespace moescope::runtime {
namespace {

std::size_t at(int row, int width) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
}

/// swiglu of rows [begin, end) of x into the same rows of y.
void swiglu_rows(const float* x, int begin, int end, const MlpView& mlp, float* y) {
  const int count = end - begin, width = mlp.gate.rows;
  if (count <= 0) return;
  std::vector<float> gate(at(count, width)), up(at(count, width));
  const float* in = x + at(begin, mlp.gate.cols);
  cpu::linear(in, 0, count, mlp.gate, gate.data());
  cpu::linear(in, 0, count, mlp.up, up.data());
  cpu::silu_multiply(gate.data(), up.data(), count * width);
  cpu::linear(gate.data(), 0, count, mlp.down, y + at(begin, mlp.down.rows));
}

class CpuOperators final : public Operators {
 public:
  explicit CpuOperators(const ModelConfig& config) : config_(config) {}

  void rms_norm(const float* x, int rows, const Matrix& weight, double eps, float* y,
                Team& team) const override {
    const int n = weight.cols;
    team.split(rows, [&](int begin, int end) {
      for (int r = begin; r < end; ++r)
        cpu::rms_norm(x + at(r, n), n, weight.data.data(), eps, y + at(r, n));
    });
  }
  void linear(const float* x, int rows, const Matrix& weight, float* y, Team& team) const override {
    team.split(rows, [&](int begin, int end) { cpu::linear(x, begin, end, weight, y); });
  }
  void swiglu(const float* x, int rows, const Mlp& mlp, float* y, Team& team) const override {
    team.split(rows, [&](int begin, int end) { swiglu_rows(x, begin, end, mlp, y); });
  }
  void attention(const LayerWeights& layer, int layer_index, const float* x,
                 std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache, float* y,
                 HeadPeers* peers, Team& team) const override {
    if (rows.empty()) return;
    if (config_.attention == AttentionKind::Mla)
      cpu::mla_attention(config_, layer.mla, layer_index, x, rows, rope, cache, y, team);
    else
      cpu::gqa_attention(config_, layer.gqa, layer_index, x, rows, rope, cache, y, peers, team);
  }
  void gate(const LayerWeights& layer, const float* x, int rows, Routing& routing,
            Team& team) const override {
    const int k = config_.top_k;
    routing.top_k = k;
    routing.experts.resize(at(rows, k));
    routing.weights.resize(at(rows, k));
    const float* bias = layer.router_bias.data.empty() ? nullptr : layer.router_bias.data.data();
    score(layer, x, rows, team, [&](int r, float* logits) {
      cpu::choose_experts(config_.gate, config_.experts, k, logits, bias,
                          routing.experts.data() + at(r, k), routing.weights.data() + at(r, k));
    });
  }
  void weigh(const LayerWeights& layer, const float* x, int rows, Routing& routing,
             Team& team) const override {
    const int k = config_.top_k;
    routing.top_k = k;
    routing.weights.resize(at(rows, k));
    score(layer, x, rows, team, [&](int r, float* logits) {
      cpu::weigh_experts(config_.gate, config_.experts, k, logits,
                         routing.experts.data() + at(r, k), routing.weights.data() + at(r, k));
    });
  }
  void experts(const float* x, std::span<const ExpertGroup> groups, float* y,
               Team& team) const override {
    team.split(static_cast<int>(groups.size()), [&](int begin, int end) {
      for (const auto& group :
           groups.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)))
        swiglu_rows(x, group.begin, group.end, group.weights, y);
    });
  }

 private:
  /// Calls `use` with the router's logits of each row.
  template <typename Use>
  void score(const LayerWeights& layer, const float* x, int rows, Team& team,
             const Use& use) const {
    const int experts = config_.experts;
    team.split(rows, [&](int begin, int end) {
      std::vector<float> logits(at(rows, experts));
      cpu::linear(x, begin, end, layer.router, logits.data());
      for (int r = begin; r < end; ++r) use(r, logits.data() + at(r, experts));
    });
  }

  ModelConfig config_;
};

}  // namespace

std::unique_ptr<Operators> cpu_operators(const ModelConfig& config) {
  return std::make_unique<CpuOperators>(config);
}

}  // namespace moescope::runtime
