// The cost model: how long one kernel or transfer takes. Every formula is here, none elsewhere.
//
// A kernel takes max(operations / reached rate, bytes / reached bandwidth) plus its overhead, with
// the rate in proportion to the SMs that it may use. An expert with n tokens computes
// ceil(n / tile) * tile rows and reads its weights once; a GPU's experts add up. An all-to-all
// takes its latency plus the slowest of its four flows (InfiniBand and NVLink, in and out).
// Embedding, head and sampling are not counted. Sources: resources/hardware, docs/simulate.md.
#pragma once

#include <vector>

#include "core/simulate/model/hardware.h"
#include "core/simulate/model/model.h"
#include "core/simulate/model/unit.h"

namespace moescope {

/// Rates that are left for kernels on some of the SMs.
struct ComputeRates {
  double gemm = 0;       ///< operations/s in the weights' precision
  double bf16 = 0;       ///< operations/s of BF16 GEMMs
  double attention = 0;  ///< operations/s
  double memory = 0;     ///< B/s
  double overhead = 0;   ///< s a kernel
};
ComputeRates rates_on(const Hardware& hardware, const ModelShape& model, double sms);

/// SMs of the main stream and, for experts beside attention, of the other one.
struct SmShares {
  double main = 0, side = 0;
};
/// Communication takes unit.comm_sms of the main stream when micro-batches overlap. Throws Error
/// when none is left.
SmShares share_sms(const Hardware& hardware, const ServingUnit& unit);

/// Time of the experts of one GPU, and its two parts.
struct ExpertTime {
  double total = 0;     ///< s: each expert takes the longer of its parts
  double compute = 0;   ///< s, tile rounding included
  double weights = 0;   ///< s to read the weights of the experts that got tokens
  double overhead = 0;  ///< s of the kernels, in total
  bool memory_bound() const { return weights > compute; }
};
/// @param tokens of each slot of the GPU; a slot without tokens costs nothing
ExpertTime expert_time(const std::vector<double>& tokens, const ModelShape& model,
                       const ComputeRates& rates, double tile_rows);

/// Seconds of the stages that are alike on all GPUs, of one micro-batch in one layer.
struct CommonTimes {
  double attention = 0;       ///< projections, core, norms
  double attention_comm = 0;  ///< each: all-gather before, reduce-scatter after; 0 without TP
  double gate = 0, shared = 0, dense = 0;
  double attention_bytes = 0;  ///< memory read by the attention
  /// Parts of them that no batch makes shorter: launches of their kernels.
  double attention_floor = 0, gate_floor = 0, shared_floor = 0, dense_floor = 0;
};
CommonTimes common_times(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit,
                         const ComputeRates& rates);

/// Copies of tokens that the GPUs send and receive in one dispatch; the combine goes the other way.
struct Traffic {
  std::vector<double> ib_in, ib_out, nvlink_in, nvlink_out;  ///< [gpu] tokens
  double remote_nodes_per_token = 0;
  double nodes_per_token = 0, gpus_per_token = 0;
};

struct TransferTime {
  double seconds = 0;
  double ib_bytes = 0, nvlink_bytes = 0;  ///< sent by all GPUs together
};
/// @param token_bytes of one copy
/// @param sms that forward; 0: the links alone limit
TransferTime transfer_time(const Traffic& traffic, double token_bytes, const Hardware& hardware,
                           Phase phase, double sms);

}  // namespace moescope
