// Grouped GEMMs of the experts: a floor, then slot after slot the longer of reading its weights and
// computing its tiles.
#include <algorithm>
#include <cmath>

#include "core/simulate/cost/formula.h"
#include "core/simulate/cost/smooth.h"

namespace moescope {
namespace {

constexpr double kMaskedRows = 64;       ///< smallest row block of DeepGEMM's masked kernel (wgmma)
constexpr double kContiguousRows = 128;  ///< row block of its contiguous one

/// Bytes that a row moves between gate/up, activation and down: BF16 in and out of both GEMMs, FP8
/// between them.
double activation_bytes(const ExpertWork& w) {
  return 6 * w.hidden + 6 * w.width;
}

/// Sum over the slots of the smooth maximum of reading weights and computing whole tiles.
double grouped_us(const std::vector<SlotGroup>& slots, const ExpertWork& w, double tile,
                  double memory, double compute) {
  const double read = w.expert_bytes() / (memory * kBytesPerUs);
  const double row = w.row_operations() / (compute * kOperationsPerUs);
  double us = 0;
  for (const auto& group : slots) {
    const double computed = std::ceil(group.tokens / tile) * tile * row;
    us += group.slots * std::sqrt(read * read + computed * computed);  // smooth_max(2, ..), faster
  }
  return us;
}

/// Slots that got tokens.
double touched(const ExpertWork& w) {
  double slots = 0;
  for (const auto& group : w.slots) slots += group.slots;
  return slots;
}

/// Decode with DeepGEMM's masked kernels (SGLang), which also look at the slots that got nothing.
double masked_experts(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<ExpertWork>(work);
  const double floor = c[0], memory = c[1], compute = c[2], slot = c[3], idle = c[4];
  const double used = touched(w);
  return floor + grouped_us(w.slots, w, kMaskedRows, memory, compute) + slot * used +
         idle * std::max(0.0, w.held - used) +
         w.rows * activation_bytes(w) / (memory * kBytesPerUs);
}

/// Prefill with the contiguous kernels: tokens are sorted by expert in blocks of 128 rows, and the
/// receive buffer is permuted. The host enqueues for at least `host_us`.
double contiguous_experts(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<ExpertWork>(work);
  const double floor = c[0], memory = c[1], compute = c[2], passes = c[3], host = c[4];
  const auto& slots = w.padded_slots.empty() ? w.slots : w.padded_slots;
  const double us = floor + grouped_us(slots, w, kContiguousRows, memory, compute) +
                    w.buffer_tokens * w.hidden * passes / (memory * kBytesPerUs);
  return std::max(us, host);
}

/// TensorRT-LLM's CUTLASS grouped GEMM: weights of every slot touched, rows at one rate, and the
/// permutation of the tokens that arrive.
double grouped_experts(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<ExpertWork>(work);
  const double floor = c[0], slot = c[1], memory = c[2], compute = c[3], tail = c[4];
  constexpr double kActivationPasses = 1.4, kPermuteBytes = 20;
  return floor + touched(w) * (slot + w.expert_bytes() / (memory * kBytesPerUs)) +
         (w.rows + tail * w.largest) * w.row_operations() / (compute * kOperationsPerUs) +
         (kActivationPasses * w.rows * activation_bytes(w) +
          kPermuteBytes * w.rank_tokens * w.hidden) /
             (memory * kBytesPerUs);
}

}  // namespace

std::vector<Formula> expert_formulas() {
  using enum Follows;
  return {{"masked_experts",
           "experts",
           {{"floor_us", Nothing, 20, 0.1, 1e4},
            {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
            {"compute_tflops", Compute, 0.6, 1e-3, 1e6},
            {"slot_us", Nothing, 0.2, 1e-6, 1e3},
            {"idle_slot_us", Nothing, 0.1, 1e-6, 1e3}},
           masked_experts},
          {"contiguous_experts",
           "experts",
           {{"floor_us", Nothing, 150, 0.1, 1e5},
            {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
            {"compute_tflops", Compute, 0.6, 1e-3, 1e6},
            {"buffer_bytes", Nothing, 3, 1e-6, 1e3},
            {"host_us", Nothing, 380, 0.1, 1e5}},
           contiguous_experts},
          {"grouped_experts",
           "experts",
           {{"floor_us", Nothing, 40, 0.1, 1e4},
            {"slot_us", Nothing, 0.2, 1e-6, 1e3},
            {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
            {"compute_tflops", Compute, 0.36, 1e-3, 1e6},
            {"tail_share", Nothing, 0.2, 1e-6, 1e3}},
           grouped_experts}};
}

}  // namespace moescope
