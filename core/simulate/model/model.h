// Shape of a mixture-of-experts model, as far as its step time depends on it.
#pragma once

#include <cstdint>
#include <string>

namespace moescope {

enum class Precision : std::uint8_t {
  Fp8,   ///< weights in FP8 with scales; dispatch in FP8, combine in BF16
  Bf16,  ///< everything in BF16
  Fp32   ///< everything in FP32, as the embedded runtime does it
};

/// Multi-head latent attention, or grouped-query attention when kv_rank is 0.
struct AttentionShape {
  int heads = 0;
  int q_rank = 0, kv_rank = 0, nope = 0, rope = 0, v = 0;  ///< latent attention, per head
  int kv_heads = 0, head = 0;                              ///< grouped-query attention
  bool latent() const { return kv_rank > 0; }
};

struct ModelShape {
  std::string name, title, source;
  int layers = 0, dense_layers = 0;  ///< the first ones are dense
  int hidden = 0, expert_width = 0, dense_width = 0;
  int experts = 0, top_k = 0, shared_experts = 0;
  int groups = 1, top_groups = 1;  ///< a token's experts lie in that many of the groups
  AttentionShape attention;
  Precision precision = Precision::Bf16;

  int moe_layers() const { return layers - dense_layers; }
  /// Bytes of one value that is not in FP8.
  double element_bytes() const { return precision == Precision::Fp32 ? 4 : 2; }
  /// Bytes of `weights` matrix elements with their scales.
  double weight_bytes(double weights) const;
  /// Gate, up and down matrices of one expert.
  double expert_weights() const { return 3.0 * hidden * expert_width; }
  /// Bytes of one expert in one layer: 44.05 MB for DeepSeek-V3 in FP8.
  double expert_bytes() const { return weight_bytes(expert_weights()); }
  /// Floating point operations of one expert for one token.
  double expert_flops() const { return 2 * expert_weights(); }
  /// Bytes of one token on its way to an expert, and of one output on its way back.
  double dispatch_bytes() const;
  double combine_bytes() const { return element_bytes() * hidden; }

  /// Matrix elements of the attention of one layer.
  double attention_weights() const;
  /// Operations of one token on `keys` keys, projections not included.
  double attention_core_flops(double keys, bool decode) const;
  /// Bytes that one token leaves in the cache of one layer.
  double cache_bytes() const;
};

/// A compiled-in description ("deepseek-v3") or a file in the same form. Throws Error.
ModelShape load_model_shape(const std::string& name_or_path);

}  // namespace moescope
