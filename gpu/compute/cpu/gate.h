// Choosing experts from router logits.
#pragma once

#include <cstdint>

#include "gpu/model/config.h"

namespace moescope::runtime::cpu {

/// Chooses top_k of `experts` from `logits` (overwritten). `bias` has one number per expert, or is
/// nullptr. Writes top_k experts in order of falling selection score and their weights.
void choose_experts(const Gate& gate, int experts, int top_k, float* logits, const float* bias,
                    std::int32_t* chosen, float* weights);

/// The weights that the gate gives the experts in `chosen`. `logits` is overwritten.
void weigh_experts(const Gate& gate, int experts, int top_k, float* logits,
                   const std::int32_t* chosen, float* weights);

}  // namespace moescope::runtime::cpu
