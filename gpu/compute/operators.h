// The operators of a mixture-of-experts transformer. What stands behind the interface decides
// where they run; every result is independent of batching: a row's numbers depend on that row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/base/exchange_wire.h"
#include "gpu/base/team.h"
#include "gpu/compute/kv_cache.h"
#include "gpu/compute/replica_choice.h"
#include "gpu/compute/routing.h"
#include "gpu/model/weights.h"

namespace moescope::runtime {

/// cos and sin of every position and frequency, [position][dim / 2].
class RopeTable {
 public:
  /// `dim`: how many elements of a head are rotated. Frequencies after YaRN where configured.
  RopeTable(const Rope& rope, int dim, int positions);
  const float* cos(int position) const { return cos_.data() + offset(position); }
  const float* sin(int position) const { return sin_.data() + offset(position); }
  int half() const { return half_; }
  int positions() const { return positions_; }

 private:
  std::size_t offset(int position) const { return static_cast<std::size_t>(position) * half_; }
  int half_, positions_;
  std::vector<float> cos_, sin_;
};

/// A row of a batch: the token at `position` of `sequence`.
struct TokenRow {
  const KvSequence* sequence = nullptr;
  int position = 0;
};

/// What the gate chose, in memory of the host.
struct Routing {
  int top_k = 0;
  std::vector<std::int32_t> experts;
  std::vector<float> weights;
  /// Grows to `rows` of `k` choices; existing content stays.
  RoutingView view(int rows, int k) {
    top_k = k;
    const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(k);
    experts.resize(size);
    weights.resize(size);
    return {k, experts.data(), weights.data()};
  }
};

/// The router of a layer; the bias is nullptr where the gate has none.
struct RouterView {
  MatrixView weight;
  const float* bias = nullptr;
  RouterView() = default;
  RouterView(MatrixView w, const float* b) : weight(w), bias(b) {}
  RouterView(const LayerWeights& layer)
      : weight(layer.router),
        bias(layer.router_bias.data.empty() ? nullptr : layer.router_bias.data.data()) {}
};

/// Rows grouped by expert: experts[i] takes rows [offsets[i], offsets[i + 1]). The offsets lie
/// where the rows do: on a GPU they are made there, and the host need not know them.
struct ExpertRows {
  std::span<const MlpView> experts;
  const std::int32_t* offsets = nullptr;
};

/// The ranks that hold the heads of an attention together (tensor parallelism).
class HeadPeers {
 public:
  virtual ~HeadPeers() = default;
  virtual int ranks() const = 0;
  /// Ranks that hold the same keys and values, and whether this one counts for them.
  virtual int kv_copies() const = 0;
  virtual bool first_copy() const = 0;
  /// Replaces each value by its sum over all ranks, added in a fixed order.
  virtual void sum(std::span<float> values) = 0;
};

/// What an MoE layer needs. Pointers are to memory of the operators (the host's, or a GPU's), rows
/// are [rows, width] floats, row-major. Input and output never overlap.
class MoeOperators {
 public:
  virtual ~MoeOperators() = default;

  /// Scores, selection and weights of the routed experts.
  virtual void gate(const RouterView& router, const float* x, int rows, RoutingView routing,
                    Team& team) const = 0;
  /// The slot that serves each choice of each row under a plan, by the row's key. Adds the rows to
  /// `loads` of their experts.
  virtual void choose_slots(const ReplicaView& plan, RoutingView routing, const std::uint64_t* keys,
                            int rows, Choice* choices, std::uint32_t* loads, Team& team) const = 0;
  /// down(silu(gate x) * up x) of each group with its own expert.
  virtual void experts(const ExpertRows& groups, const float* x, float* y, Team& team) const = 0;
};

/// What a whole transformer needs.
class Operators : public MoeOperators {
 public:
  /// y = x / sqrt(mean(x^2) + eps) * weight.
  virtual void rms_norm(const float* x, int rows, const Matrix& weight, double eps, float* y,
                        Team& team) const = 0;
  /// y = x W^T.
  virtual void linear(const float* x, int rows, const Matrix& weight, float* y,
                      Team& team) const = 0;
  /// y = down(silu(gate x) * up x).
  virtual void swiglu(const float* x, int rows, const MlpView& mlp, float* y, Team& team) const = 0;
  /// Causal attention of `rows` over their sequences, projections included. Writes the rows' keys
  /// and values into `cache` first; earlier positions must be there or among the rows. With `peers`
  /// the weights are a part of the layer's and y is this part's share of the sum.
  virtual void attention(const LayerWeights& layer, int layer_index, const float* x,
                         std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache,
                         float* y, HeadPeers* peers, Team& team) const = 0;
  /// Weights of experts that are already chosen: fills `routing.weights` with what the gate gives
  /// `routing.experts`.
  virtual void weigh(const RouterView& router, const float* x, int rows, RoutingView routing,
                     Team& team) const = 0;
};

/// The operators on the CPU, in float.
std::unique_ptr<Operators> cpu_operators(const ModelConfig& config);

}  // namespace moescope::runtime
