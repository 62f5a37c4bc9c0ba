// What a model computes: the architecture read from a Hugging Face config.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/model/gate_config.h"

namespace moescope::runtime {

enum class AttentionKind : std::uint8_t { Mla, Gqa };
enum class QkNorm : std::uint8_t { None, PerHead, FullWidth };

/// Long-context rope scaling (Peng et al. 2023, "YaRN"), as DeepSeek and Qwen configure it.
struct Yarn {
  double factor = 1;
  int original_positions = 4096;
  double beta_fast = 32, beta_slow = 1;
  double cos_sin_scale = 1;  ///< multiplies cos and sin
  double softmax_scale = 1;  ///< multiplies the softmax scale (DeepSeek: mscale_all_dim, squared)
};

struct Rope {
  double theta = 10000;
  bool interleaved = false;  ///< pairs (2i, 2i+1) as in DeepSeek; else (i, i + dim/2)
  std::optional<Yarn> yarn;
};

struct MlaShape {
  int q_rank = 0;  ///< 0: the query is not compressed (V2-Lite)
  int kv_rank = 0;
  int nope_dim = 0, rope_dim = 0, v_dim = 0;  ///< per head
};

struct GqaShape {
  int kv_heads = 0;
  int head_dim = 0;
  QkNorm qk_norm = QkNorm::None;
  double clip = 0;  ///< q, k and v are clamped to [-clip, clip]; 0: not
};

/// Sizes and options of a mixture-of-experts transformer. All matrices are [out, in].
struct ModelConfig {
  std::string family;  ///< model_type of config.json: deepseek_v3, deepseek_v2, qwen3_moe, olmoe
  int vocab = 0, hidden = 0, layers = 0, heads = 0;
  int dense_layers = 0;  ///< the first layers have one dense MLP
  int dense_width = 0, expert_width = 0;
  int experts = 0, top_k = 0, shared_experts = 0;
  int max_positions = 0;
  double norm_eps = 1e-6;
  bool tied_embeddings = false;
  bool fp8_blocks = false;  ///< weights are FP8 with one scale per 128x128 block
  AttentionKind attention = AttentionKind::Gqa;
  MlaShape mla;
  GqaShape gqa;
  Gate gate;
  Rope rope;

  int moe_layers() const { return layers - dense_layers; }
  int shared_width() const { return shared_experts * expert_width; }
  /// Floats that one token leaves in the cache of one layer.
  int kv_width() const {
    return attention == AttentionKind::Mla ? mla.kv_rank + mla.rope_dim
                                           : 2 * gqa.kv_heads * gqa.head_dim;
  }
  /// Multiplies q·k before the softmax.
  double softmax_scale() const;
  /// Number of weights of the whole model, to within the precision of double: sizes that a
  /// config.json may state have products beyond 64 bits.
  double parameters() const;
  double attention_parameters() const;  ///< likewise, of one layer
  /// What all weights take as float.
  double weight_bytes() const { return parameters() * sizeof(float); }
};

/// Experts that the gate, the plan and the loads know: the routed ones, and the shared one where it
/// is routed like them.
inline int logical_experts(const ModelConfig& config, bool route_shared) {
  return config.experts + (route_shared ? 1 : 0);
}

/// Reads the text of a config.json. Every key must be known: one that changes the mathematics and
/// is not supported, or that nobody knows, is refused by name. Throws Error; `source` names the
/// file in messages.
ModelConfig parse_config(std::string_view text, const std::string& source);
/// Reads `folder`/config.json. Throws Error.
ModelConfig read_config(const std::filesystem::path& folder);
/// The config.json that parse_config() reads back as `config` (deepseek_v3 only, throws Error for
/// other families).
std::string config_json(const ModelConfig& config);

/// DeepSeek-shaped and small: 2 dense + 8 MoE layers, 64 experts in 8 groups, top-8, one shared.
ModelConfig tiny_config();
/// The routing shape of DeepSeek-V2-Lite and small: 1 dense + 26 MoE layers, 64 experts, top-6, two
/// shared.
ModelConfig tiny_lite_config();

}  // namespace moescope::runtime
