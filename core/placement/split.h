// The best split of each expert's tokens over its replicas, for a given
// placement.
#pragma once

#include <span>
#include <vector>

namespace moescope {

struct TokenSplit {
  double max_load = 0;         ///< of the heaviest GPU, tokens
  std::vector<double> weight;  ///< [slot], share of its expert's tokens; sums to 1 per expert
};

/// Splits the tokens so that the heaviest GPU is as light as possible: max over
/// sets X of experts of load(X) / |GPUs hosting X|, found by Newton steps on
/// the minimum cuts of a transport network. Exact up to rounding (relative
/// 1e-12). Experts without load are split equally.
/// @param row   expert of each slot, kNoExpert for an empty one; every expert
/// with load has a slot
/// @param slots_per_gpu slot s lives on GPU s / slots_per_gpu
TokenSplit best_split(const std::vector<int>& row, std::span<const double> loads,
                      int slots_per_gpu);

}  // namespace moescope
