// Attention over a paged cache, row by row, so that prefill and decode are one computation.
#pragma once

#include <span>

#include "gpu/compute/operators.h"

namespace moescope::runtime::cpu {

void mla_attention(const ModelConfig& config, const MlaWeights& weights, int layer, const float* x,
                   std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache, float* y,
                   Team& team);
/// `peers` are asked for norms that run over the heads of all ranks; may be nullptr.
void gqa_attention(const ModelConfig& config, const GqaWeights& weights, int layer, const float* x,
                   std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache, float* y,
                   HeadPeers* peers, Team& team);

}  // namespace moescope::runtime::cpu
