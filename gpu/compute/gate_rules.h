// The rules by which a gate chooses experts for one row, for every kind of lanes.
#pragma once

#include <cmath>

#include "gpu/base/device_code.h"
#include "gpu/model/gate_config.h"

namespace moescope::runtime {

/// Before every entry of a ranking.
MOESCOPE_SHARED inline Ranked ranking_start() {
  return {-kLowestScore, -1};
}

/// The entry of scores[0, n) that follows `last`. What is not a number comes last.
template <typename Lanes>
MOESCOPE_LANES Ranked next_in_rank(const Lanes& lanes, const float* scores, int n,
                                   const Ranked& last) {
  Ranked best;
  for (int i = lanes.lane(); i < n; i += lanes.width()) {
    if (scores[i] < best.score) continue;  // nearly all
    Ranked candidate{scores[i], i};
    if (candidate.score != candidate.score) candidate.score = kLowestScore;
    if (before(candidate, best) && before(last, candidate)) best = candidate;
  }
  return lanes.first(best);
}

/// Turns n scores into probabilities in place.
template <typename Lanes>
MOESCOPE_LANES void softmax_row(const Lanes& lanes, float* scores, int n) {
  float top = kLowestScore;
  for (int i = lanes.lane(); i < n; i += lanes.width())
    if (top < scores[i]) top = scores[i];
  top = lanes.max(top);
  for (int i = lanes.lane(); i < n; i += lanes.width()) scores[i] = std::exp(scores[i] - top);
  lanes.sync();
  const float sum = lanes.interleaved_sum(n, [&](int i) { return scores[i]; });
  lanes.sync();
  for (int i = lanes.lane(); i < n; i += lanes.width()) scores[i] /= sum;
  lanes.sync();
}

/// Turns the logits of a row into scores in place.
template <typename Lanes>
MOESCOPE_LANES void score_row(const Lanes& lanes, const Gate& gate, int experts, float* logits) {
  if (gate.scoring == Scoring::Softmax) return softmax_row(lanes, logits, experts);
  for (int e = lanes.lane(); e < experts; e += lanes.width())
    logits[e] = 1.0F / (1.0F + std::exp(-logits[e]));
  lanes.sync();
}

/// Score of a group: its best expert, or the sum of its two best.
template <typename Lanes>
MOESCOPE_LANES float group_score(const Lanes& lanes, const Gate& gate, const float* group,
                                 int size) {
  const int count = gate.group_score == GroupScore::Max ? 1 : 2;
  Ranked last = ranking_start();
  float score = 0;
  for (int k = 0; k < count; ++k) {
    last = next_in_rank(lanes, group, size, last);
    score += last.score;
  }
  return score;
}

/// Sets experts outside the best groups to minus infinity: a masked expert must lose also against
/// a negative biased score, which 0 would beat. `group_scores` has room for each group.
template <typename Lanes>
MOESCOPE_LANES void mask_groups(const Lanes& lanes, const Gate& gate, int experts, float* selection,
                                float* group_scores) {
  const int size = experts / gate.groups;
  for (int g = 0; g < gate.groups; ++g) {
    const float score = group_score(lanes, gate, selection + g * size, size);
    if (lanes.lane() == 0) group_scores[g] = score;
  }
  lanes.sync();
  for (int g = lanes.lane(); g < gate.groups; g += lanes.width()) {
    int better = 0;
    for (int other = 0; other < gate.groups; ++other)
      better += before({group_scores[other], other}, {group_scores[g], g}) ? 1 : 0;
    if (better < gate.top_groups) continue;
    for (int e = g * size; e < (g + 1) * size; ++e) selection[e] = kLowestScore;
  }
  lanes.sync();
}

/// Weights of chosen experts from the unbiased scores, by one lane.
MOESCOPE_SHARED inline void weigh_row(const Gate& gate, int top_k, const float* scores,
                                      const std::int32_t* chosen, float* weights) {
  float sum = 0;
  for (int k = 0; k < top_k; ++k) {
    weights[k] = scores[chosen[k]];
    sum += weights[k];
  }
  const auto scale = static_cast<float>(gate.scale);
  for (int k = 0; k < top_k; ++k) {
    if (gate.normalise) weights[k] /= sum + 1e-20F;
    weights[k] *= scale;
  }
}

/// Chooses top_k experts by `scores` and the bias (may be nullptr), in order of falling selection
/// score. `scratch` has room for a number of each expert and of each group.
template <typename Lanes>
MOESCOPE_LANES void choose_row(const Lanes& lanes, const Gate& gate, int experts, int top_k,
                               const float* scores, const float* bias, float* scratch,
                               std::int32_t* chosen, float* weights) {
  float* selection = scratch;
  for (int e = lanes.lane(); e < experts; e += lanes.width())
    selection[e] = bias == nullptr ? scores[e] : scores[e] + bias[e];
  if (gate.groups > 1) {
    lanes.sync();
    mask_groups(lanes, gate, experts, selection, scratch + experts);
  }
  Ranked last = ranking_start();
  for (int k = 0; k < top_k; ++k) {
    last = next_in_rank(lanes, selection, experts, last);
    if (lanes.lane() == 0) chosen[k] = last.index;
  }
  if (lanes.lane() == 0) weigh_row(gate, top_k, scores, chosen, weights);
}

}  // namespace moescope::runtime
