// The whole model on one rank, without communication: the plain use of the operators.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "gpu/compute/operators.h"

namespace moescope::runtime {

/// Sums weighted expert outputs in the order in which the gate chose them: the ordered combine.
/// `outputs` points to one row of `hidden` floats per choice.
void combine_ordered(std::span<const float* const> outputs, std::span<const float> weights,
                     int hidden, float* sum);

class LocalForward {
 public:
  LocalForward(std::shared_ptr<const Model> model, int max_positions, int kv_pages);

  KvCache& cache() { return cache_; }
  /// Runs `tokens` at `rows` (their pages are reserved) and returns logits [rows][vocab].
  std::vector<float> run(std::span<const int> tokens, std::span<const TokenRow> rows);
  /// What the gate of every MoE layer chose in the last run().
  const std::vector<Routing>& routing() const { return routing_; }

 private:
  void mlp(const LayerWeights& layer, const std::vector<float>& x, int rows, std::vector<float>& y);

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Operators> operators_;
  RopeTable rope_;
  KvCache cache_;
  SerialTeam team_;
  std::vector<Routing> routing_;
};

/// How many elements of a head rope rotates.
int rope_dim(const ModelConfig& config);

}  // namespace moescope::runtime
