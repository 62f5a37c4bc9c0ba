#include "gpu/compute/operators.h"

#include "gpu/compute/cpu/attention.h"
#include "gpu/compute/cpu/gate.h"
#include "gpu/compute/cpu/kernels.h"
#include "gpu/compute/moe_steps.h"

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
  void swiglu(const float* x, int rows, const MlpView& mlp, float* y, Team& team) const override {
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
  void gate(const RouterView& router, const float* x, int rows, RoutingView routing,
            Team& team) const override {
    const int k = routing.top_k;
    score(router, x, rows, team, [&](int r, float* logits) {
      cpu::choose_experts(config_.gate, config_.experts, k, logits, router.bias,
                          routing.experts + at(r, k), routing.weights + at(r, k));
    });
  }
  void weigh(const RouterView& router, const float* x, int rows, RoutingView routing,
             Team& team) const override {
    const int k = routing.top_k;
    score(router, x, rows, team, [&](int r, float* logits) {
      cpu::weigh_experts(config_.gate, config_.experts, k, logits, routing.experts + at(r, k),
                         routing.weights + at(r, k));
    });
  }
  void choose_slots(const ReplicaView& plan, RoutingView routing, const std::uint64_t* keys,
                    int rows, Choice* choices, std::uint32_t* loads, Team& team) const override {
    team.split(rows, [&](int begin, int end) {
      ChooseSlots{plan, routing, keys, end, choices, loads}(OneLane(), Share{begin, 1});
    });
  }
  void experts(const ExpertRows& groups, const float* x, float* y, Team& team) const override {
    team.split(static_cast<int>(groups.experts.size()), [&](int begin, int end) {
      for (int i = begin; i < end; ++i)
        swiglu_rows(x, groups.offsets[i], groups.offsets[i + 1],
                    groups.experts[static_cast<std::size_t>(i)], y);
    });
  }

 private:
  /// Calls `use` with the router's logits of each row.
  template <typename Use>
  void score(const RouterView& router, const float* x, int rows, Team& team, const Use& use) const {
    const int experts = config_.experts;
    team.split(rows, [&](int begin, int end) {
      std::vector<float> logits(at(rows, experts));
      cpu::linear(x, begin, end, router.weight, logits.data());
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
