// Comparing one MoE layer on two backends.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gpu/engine/layer/moe_layer.h"

namespace moescope::runtime {

/// Random rows for each of `ranks` ranks, at most `most`; the first rank has none.
std::vector<LayerInput> random_inputs(int hidden, int ranks, int most, std::uint64_t seed);

/// What a gate scored for one row, by expert: `weights` weigh, `selection` (with bias; minus
/// infinity outside the best groups) chooses.
struct GateScores {
  std::vector<float> weights, selection;
};
using ScoresOfRow = std::function<GateScores(std::size_t rank, std::size_t row)>;

/// The gate's scores for rows of `inputs`, as the CPU computes them; what is passed must outlive
/// it.
ScoresOfRow scores_of(const ModelConfig& config, const LayerWeights& layer,
                      const std::vector<LayerInput>& inputs);

/// Exponentials of GPUs and of the C library differ by units in the last place: scores this close
/// may change places.
inline constexpr int kTiedUlps = 4;

/// How far two outputs of the same input are apart. A row's choices are tied when each that differs
/// from the expected one has a score within kTiedUlps of it, in units of the last place of the
/// largest number involved. Rows that flip between groups of experts are never tied.
struct LayerCheck {
  std::int64_t rows = 0;
  std::int64_t tied_choices = 0;   ///< rows for which the gate chose differently, by a tie
  std::int64_t moved_choices = 0;  ///< choices of these that went to an expert not expected
  std::int64_t other_choices = 0;  ///< rows for which the gate chose differently
  std::int64_t other_loads =
      0;  ///< experts and slots with a number of rows that ties do not explain
  double largest =
      0;  ///< difference of a sum, relative to the largest of its row; of equal experts
  /// Outputs of every rank, and what the gate scored.
  void add(const std::vector<LayerOutput>& expected, const std::vector<LayerOutput>& found,
           const ScoresOfRow& scores);
  /// Within the tolerance of float products in another order.
  bool passed() const { return other_choices == 0 && other_loads == 0 && largest <= 1e-5; }

 private:
  /// Rows of one rank; returns the loads of experts to expect with the tied choices.
  std::vector<std::uint32_t> add_rows(const LayerOutput& expected, const LayerOutput& found,
                                      const std::function<GateScores(std::size_t row)>& scores);
};

}  // namespace moescope::runtime
