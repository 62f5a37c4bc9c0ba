// What a kernel is asked to do, as far as its time depends on it.
#pragma once

#include <variant>
#include <vector>

namespace moescope {

/// Slots of a GPU that got the same number of tokens.
struct SlotGroup {
  double tokens = 0;  ///< of each, > 0
  double slots = 0;   ///< how many; a mean over draws, so not whole
};

/// The experts of one GPU in one layer: gate, up, activation and down of its tokens.
struct ExpertWork {
  std::vector<SlotGroup> slots;  ///< without slots that got nothing
  /// The same with tokens as the contiguous kernels pad them; empty: pad `slots` by the tile.
  std::vector<SlotGroup> padded_slots;
  double held = 0;           ///< slots of the GPU, with or without tokens
  double rows = 0;           ///< (token, choice) pairs that arrive
  double largest = 0;        ///< of them on one slot
  double rank_tokens = 0;    ///< different tokens that arrive
  double buffer_tokens = 0;  ///< rows of the receive buffer
  double hidden = 0, width = 0;
  double weight_bytes = 0;  ///< of one weight: 0.5 to 2, with its share of scales

  double expert_bytes() const { return 3 * hidden * width * weight_bytes; }
  double row_operations() const { return 6 * hidden * width; }
};

/// One dispatch or one combine of one GPU.
struct AllToAllWork {
  bool combine = false;
  double tokens = 0;  ///< that a GPU sends
  double hidden = 0, top_k = 0, experts = 0;
  double gpus = 1, nodes = 1;
  double sms = 0;            ///< of communication; 0 where the library has none to choose
  double token_bytes = 0;    ///< of one copy of a token
  double gpus_visited = 0;   ///< different GPUs of a token's experts, the own one included
  double nodes_visited = 0;  ///< different nodes, the own one included
};

/// Multi-head latent attention of one layer and GPU: projections and core.
struct AttentionWork {
  bool decode = false;
  double heads = 0;    ///< on this GPU
  double batch = 0;    ///< sequences
  double context = 0;  ///< decode: cached tokens of each; prefill: tokens of each
  double hidden = 7168, q_rank = 1536, kv_rank = 512, rope = 64, nope = 128, value = 128;
};

/// C[m][n] = A[m][k] B[k][n].
struct GemmWork {
  double m = 0, n = 0, k = 0;
  double operand_bytes = 0;  ///< of one element of A and B; C has 2
};

/// One NCCL collective.
struct CollectiveWork {
  double bytes = 0;  ///< that a GPU sends at least, (g - 1) / g of the buffer, twice for all-reduce
  double gpus = 0;
};

/// A step of a serving engine.
struct StepWork {
  double kernels_us = 0;  ///< of all layers
  double prompt_us = 0;   ///< the own prompt's operations at the FP8 peak
  double queue_us = 0;    ///< those of the prompts that come with it, or between two tokens
  bool speculative = false;
};

using Work =
    std::variant<ExpertWork, AllToAllWork, AttentionWork, GemmWork, CollectiveWork, StepWork>;

}  // namespace moescope
