// Multi-head latent attention of one layer: projections, then the core over the cache (decode, up-
// projections absorbed) or over the prompt (prefill, heads expanded).
#include <cmath>

#include "core/simulate/cost/formula.h"
#include "core/simulate/cost/smooth.h"

namespace moescope {
namespace {

constexpr double kPadHeads = 64;  ///< a block of keys serves at least that many heads' rows
constexpr double kHundredHeads = 128, kTokens = 128;  ///< units of some constants
constexpr double kMega = 1e6;

struct Projections {
  double bytes = 0, operations = 0;  ///< of all heads; operations a token
};

/// The query's up-projection and the output in FP8, the latent's up-projection in BF16.
Projections projections(const AttentionWork& w, double latent) {
  const double fp8 = w.q_rank * (w.nope + w.rope) + w.value * w.hidden;
  return {w.heads * (fp8 + 2 * latent), 2 * w.heads * (fp8 + latent)};
}

double decode_attention(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AttentionWork>(work);
  const double floor = c[0], memory = c[1], compute = c[2], value_bytes = c[3], split = c[4],
               row = c[5], core = c[6];
  const auto p = projections(w, (w.nope + w.value) * w.kv_rank);
  const double project = smooth_max(2, p.bytes / (memory * kBytesPerUs),
                                    w.batch * p.operations / (compute * kOperationsPerUs));
  const double keys = w.batch * w.context;
  const double cache = keys * (w.kv_rank + w.rope) * value_bytes / (memory * kBytesPerUs);
  const double attend = keys * std::max(w.heads, kPadHeads) * 2 * (2 * w.kv_rank + w.rope) /
                        (core * kOperationsPerUs);
  return floor + row * w.batch / kTokens + project +
         smooth_max(2, smooth_max(3, cache, attend), split * std::sqrt(w.context));
}

double prefill_attention(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<AttentionWork>(work);
  const double floor = c[0], memory = c[1], compute = c[2], core = c[3], token = c[4],
               sequence = c[5], tile = c[6], host = c[7];
  const double tokens = w.batch * w.context;
  const auto p = projections(w, (w.nope + w.value) * w.kv_rank);
  const double project = smooth_max(2, p.bytes / (memory * kBytesPerUs),
                                    tokens * p.operations / (compute * kOperationsPerUs));
  const double attend = w.batch * w.heads * w.context * w.context * (w.nope + w.rope + w.value) /
                        (core * kOperationsPerUs);
  const double rest =
      tokens * token * kTokens / kMega + w.batch * (sequence + tile * w.heads / kHundredHeads);
  return smooth_max(6, host, floor + project + rest + attend);
}

}  // namespace

std::vector<Formula> attention_formulas() {
  using enum Follows;
  return {{"decode_attention",
           "attention",
           {{"floor_us", Nothing, 28, 0.1, 1e4},
            {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
            {"compute_tflops", Compute, 0.6, 1e-3, 1e6},
            {"cache_bytes", Nothing, 1.5, 1e-3, 1e2},
            {"split_us", Nothing, 0.2, 1e-9, 1e3},
            {"row_us", Nothing, 5, 1e-9, 1e4},
            {"core_tflops", Compute, 0.3, 1e-3, 1e6}},
           decode_attention},
          {"prefill_attention",
           "attention",
           {{"floor_us", Nothing, 350, 0.1, 1e5},
            {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
            {"compute_tflops", Compute, 0.6, 1e-3, 1e6},
            {"core_tflops", Compute, 0.3, 1e-3, 1e6},
            {"token_us", Nothing, 40, 1e-9, 1e5},
            {"sequence_us", Nothing, 1, 1e-9, 1e4},
            {"tile_us", Nothing, 3, 1e-9, 1e4},
            {"host_us", Nothing, 600, 0.1, 1e5}},
           prefill_attention}};
}

}  // namespace moescope
