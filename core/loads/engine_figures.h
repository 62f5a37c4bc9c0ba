// Balance by the formulas of the engines, averaged over windows and layers as they do.
#pragma once

#include <optional>
#include <vector>

#include "core/loads/load_set.h"

namespace moescope {

/// What each engine would print for these loads of GPUs. Means of ratios: not the ratio of sums.
struct EngineFigures {
  bool measured = false;  ///< GPU loads were counted; else tokens split as `shares` say
  /// (mean + 1e-5) / (max + 1e-5) of the GPUs, mean over all layers of the model, of which dense
  /// ones count 1, and over passes (SGLang 0.5.23, eplb/expert_distribution.py).
  double sglang_balancedness = 1;
  /// Sum of the means / sum of the maxima over layers, mean over passes (vLLM 0.33.0,
  /// distributed/eplb/eplb_state.py). 0 for a pass without tokens.
  double vllm_balancedness = 1;
  /// max / mean - 1 of the ranks, mean over iterations, of each layer (TensorRT-LLM,
  /// ep_load_balancer/report_load_statistics.py). Iterations in which the layer has no token are
  /// left out; there the engine's own script prints nan.
  std::vector<double> trtllm_imbalance_ratio;
  double trtllm_average = 0;  ///< over layers
};

/// Figures over windows [first, last), on `gpus` or the number of GPUs in the loads. nullopt when
/// that is unknown or does not divide the slots.
/// @param shares [layer][slot] of the running map under a replica rule; nullptr: equal ones
std::optional<EngineFigures> engine_figures(
    const LoadSet& loads, int first, int last, std::optional<int> gpus,
    const std::vector<std::vector<double>>* shares = nullptr);

}  // namespace moescope
