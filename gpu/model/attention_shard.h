// Tensor parallelism of attention: the part of it that one rank of a group holds.
#pragma once

#include "gpu/model/config.h"
#include "gpu/model/weights.h"

namespace moescope::runtime {

/// What each of `tp` ranks computes: heads / tp query heads and, of GQA, kv_heads / tp pairs of
/// keys and values (one that several ranks hold where there are fewer than ranks). MLA keeps the
/// whole latent at every rank. Throws Error when the heads cannot be split so.
ModelConfig attention_shard(const ModelConfig& config, int tp);

/// Attention weights of part `index` of `tp`; the other weights are left empty. Columns of the
/// output projection are split, so that the parts' outputs add up to the layer's.
LayerWeights attention_shard(const ModelConfig& config, const LayerWeights& layer, int tp,
                             int index);

/// How many ranks of `tp` hold the same keys and values.
int kv_copies(const ModelConfig& config, int tp);

}  // namespace moescope::runtime
