#include "gpu/compute/cpu/gate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "gpu/compute/cpu/kernels.h"

namespace moescope::runtime::cpu {
namespace {

/// Indices of the `count` largest of scores[0, n), falling; the lower index first on a tie.
std::vector<std::int32_t> largest(const float* scores, int n, int count) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](int a, int b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  order.resize(static_cast<std::size_t>(count));
  return order;
}

/// Sets experts outside the best groups to minus infinity: a masked expert must lose also against
/// a negative biased score, which 0 would beat.
void mask_groups(const Gate& gate, int experts, std::vector<float>& selection) {
  const int size = experts / gate.groups;
  std::vector<float> score(static_cast<std::size_t>(gate.groups));
  for (int g = 0; g < gate.groups; ++g) {
    const float* group = selection.data() + static_cast<std::ptrdiff_t>(g) * size;
    const auto best = largest(group, size, gate.group_score == GroupScore::Max ? 1 : 2);
    score[static_cast<std::size_t>(g)] = 0;
    for (const int e : best) score[static_cast<std::size_t>(g)] += group[e];
  }
  std::vector<bool> allowed(static_cast<std::size_t>(gate.groups));
  for (const int g : largest(score.data(), gate.groups, gate.top_groups))
    allowed[static_cast<std::size_t>(g)] = true;
  for (int e = 0; e < experts; ++e)
    if (!allowed[static_cast<std::size_t>(e / size)])
      selection[static_cast<std::size_t>(e)] = -std::numeric_limits<float>::infinity();
}

/// Turns logits into scores.
void score(const Gate& gate, int experts, float* logits) {
  if (gate.scoring == Scoring::Softmax)
    softmax(logits, experts);
  else
    for (int e = 0; e < experts; ++e) logits[e] = 1.0F / (1.0F + std::exp(-logits[e]));
}

void weigh_scores(const Gate& gate, int top_k, const float* scores, const std::int32_t* chosen,
                  float* weights) {
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

}  // namespace

void choose_experts(const Gate& gate, int experts, int top_k, float* logits, const float* bias,
                    std::int32_t* chosen, float* weights) {
  score(gate, experts, logits);
  std::vector<float> selection(logits, logits + experts);
  if (bias != nullptr)
    for (int e = 0; e < experts; ++e) selection[static_cast<std::size_t>(e)] += bias[e];
  if (gate.groups > 1) mask_groups(gate, experts, selection);
  const auto best = largest(selection.data(), experts, top_k);
  std::copy(best.begin(), best.end(), chosen);
  weigh_scores(gate, top_k, logits, chosen, weights);
}

void weigh_experts(const Gate& gate, int experts, int top_k, float* logits,
                   const std::int32_t* chosen, float* weights) {
  score(gate, experts, logits);
  weigh_scores(gate, top_k, logits, chosen, weights);
}

}  // namespace moescope::runtime::cpu
