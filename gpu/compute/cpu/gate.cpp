#include "gpu/compute/cpu/gate.h"

#include <vector>

#include "gpu/compute/gate_rules.h"

namespace moescope::runtime::cpu {

void choose_experts(const Gate& gate, int experts, int top_k, float* logits, const float* bias,
                    std::int32_t* chosen, float* weights) {
  std::vector<float> scratch(static_cast<std::size_t>(experts + gate.groups));
  score_row(OneLane(), gate, experts, logits);
  choose_row(OneLane(), gate, experts, top_k, logits, bias, scratch.data(), chosen, weights);
}

void weigh_experts(const Gate& gate, int experts, int top_k, float* logits,
                   const std::int32_t* chosen, float* weights) {
  score_row(OneLane(), gate, experts, logits);
  weigh_row(gate, top_k, logits, chosen, weights);
}

}  // namespace moescope::runtime::cpu
