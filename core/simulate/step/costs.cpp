#include "core/simulate/step/costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace moescope {
namespace {

constexpr double kGiga = 1e9, kTera = 1e12, kMicro = 1e-6;
// Kernels a stage is made of.
constexpr double kAttentionKernels = 5;  ///< norm, two projections in, core, projection out
constexpr double kGateKernels = 2;       ///< scores, choice
constexpr double kMlpKernels = 3;        ///< gate and up, activation, down

double longer(double operations, double rate, double bytes, double bandwidth) {
  return std::max(operations / rate, bytes / bandwidth);
}

}  // namespace

ComputeRates rates_on(const Hardware& h, const ModelShape& model, double sms) {
  const double share = sms / h.sm_count;
  const double peak = model.precision == Precision::Fp8 ? h.fp8_tflops : h.bf16_tflops;
  return {
      .gemm = peak * kTera * h.gemm_efficiency * share,
      .bf16 = h.bf16_tflops * kTera * h.gemm_efficiency * share,
      .attention = h.bf16_tflops * kTera * h.attention_efficiency * share,
      .memory = std::min(h.memory_gb_per_s * h.memory_efficiency, sms * h.sm_read_gb_per_s) * kGiga,
      .overhead = h.kernel_overhead_us * kMicro};
}

SmShares share_sms(const Hardware& hardware, const ServingUnit& unit) {
  if (unit.micro_batches < 2) return {hardware.sm_count, hardware.sm_count};
  SmShares shares;
  shares.side = unit.experts_beside_attention() ? unit.moe_sms : 0;
  // Communication and experts of one micro-batch follow one another on the same SMs.
  shares.main = hardware.sm_count - std::max<double>(unit.comm_sms, shares.side);
  if (shares.side == 0) shares.side = shares.main;
  if (shares.main < 1)
    throw Error(unit.name, "comm_sms, moe_sms",
                fmt::format("leave no SM of {:.0f} to the other micro-batch", hardware.sm_count),
                "Give communication and experts fewer SMs");
  return shares;
}

ExpertTime expert_time(const std::vector<double>& tokens, const ModelShape& model,
                       const ComputeRates& rates, double tile_rows) {
  ExpertTime t;
  const double row = model.expert_flops() / rates.gemm, read = model.expert_bytes() / rates.memory;
  for (const double n : tokens) {
    if (!(n > 0)) continue;
    const double compute = std::ceil(n / tile_rows) * tile_rows * row;
    t.compute += compute;
    t.weights += read;
    t.total += std::max(compute, read);
  }
  if (t.total > 0) t.overhead = kMlpKernels * rates.overhead;
  t.total += t.overhead;
  return t;
}

CommonTimes common_times(const Hardware& hardware, const ModelShape& m, const ServingUnit& unit,
                         const ComputeRates& rates) {
  CommonTimes t;
  const double tokens = unit.tokens_per_gpu, tp = unit.attention_tp;
  const bool decode = unit.phase == Phase::Decode;
  // With sequence parallelism a GPU does 1/tp of the work of tp times its tokens.
  const double weights = m.weight_bytes(m.attention_weights()) / tp;
  const double projections =
      longer(2 * m.attention_weights() * tokens, rates.gemm, weights, rates.memory);
  const double keys = decode ? unit.context : unit.context / 2;  // causal: half on average
  // A latent cache is whole on every GPU of the group; heads of keys and values are shared out.
  const double cache_share =
      m.attention.latent() ? 1 : 1 / std::min<double>(tp, m.attention.kv_heads);
  const double cache = decode ? tokens * tp * unit.context * m.cache_bytes() * cache_share : 0;
  const double core =
      longer(tokens * m.attention_core_flops(keys, decode), rates.attention, cache, rates.memory);
  t.attention_bytes = weights + cache;
  t.attention_floor = kAttentionKernels * rates.overhead;
  t.attention = projections + core + t.attention_floor;
  if (tp > 1)
    t.attention_comm =
        (tp - 1) * tokens * m.combine_bytes() / (hardware.nvlink_gb_per_s * kGiga) + rates.overhead;
  const double gate = static_cast<double>(m.hidden) * m.experts;
  t.gate_floor = kGateKernels * rates.overhead;
  t.gate = longer(2 * gate * tokens, rates.bf16, 2 * gate, rates.memory) + t.gate_floor;
  if (m.shared_experts > 0 && !unit.shared_routed) {
    t.shared_floor = kMlpKernels * rates.overhead;
    t.shared = longer(m.shared_experts * m.expert_flops() * tokens, rates.gemm,
                      m.shared_experts * m.expert_bytes(), rates.memory) +
               t.shared_floor;
  }
  const double dense = 3.0 * m.hidden * m.dense_width;
  if (m.dense_layers > 0) {
    t.dense_floor = kMlpKernels * rates.overhead;
    t.dense =
        longer(2 * dense * tokens, rates.gemm, m.weight_bytes(dense), rates.memory) + t.dense_floor;
  }
  return t;
}

TransferTime transfer_time(const Traffic& traffic, double token_bytes, const Hardware& h,
                           Phase phase, double sms) {
  const auto most = [](const std::vector<double>& v) {
    return v.empty() ? 0.0 : *std::max_element(v.begin(), v.end());
  };
  const auto sum = [](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
  };
  const double forward = sms * h.sm_forward_gb_per_s;
  const double nvlink = sms > 0 ? std::min(h.nvlink_gb_per_s, forward) : h.nvlink_gb_per_s;
  const double ib = sms > 0 ? std::min(h.ib_gb_per_s, forward) : h.ib_gb_per_s;
  const double over_ib = std::max(most(traffic.ib_in), most(traffic.ib_out)) / (ib * kGiga);
  const double over_nvlink =
      std::max(most(traffic.nvlink_in), most(traffic.nvlink_out)) / (nvlink * kGiga);
  const double latency = phase == Phase::Decode ? h.low_latency_us : h.normal_latency_us;
  return {latency * kMicro + token_bytes * std::max(over_ib, over_nvlink),
          token_bytes * sum(traffic.ib_out), token_bytes * sum(traffic.nvlink_out)};
}

}  // namespace moescope
