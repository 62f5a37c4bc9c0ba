// `moescope-node --backend cuda`: one MoE layer of the model on a GPU, compared with the CPU and
// recorded.
#pragma once

#include <optional>
#include <string>

#include "core/progress.h"
#include "core/trace/file/recording_sink.h"
#include "gpu/cuda/backend.h"

namespace moescope::runtime {

struct CudaLayerOptions {
  std::shared_ptr<const Model> model;
  Group group;
  std::optional<Placement> placement;
  CombineMode combine = CombineMode::Ordered;
  cuda::SmBudget budget;
  int max_tokens = 64;  ///< of a rank
  int steps = 10;       ///< of each form of dispatch
  std::uint64_t seed = 1;
};

/// Runs the steps with the prefill's and with the decode's form of dispatch. `sink` may be nullptr.
/// Returns a text, or one JSON document. Throws Error without a usable GPU, and when the GPU does
/// not agree with the CPU.
std::string run_cuda_layer(const CudaLayerOptions& options, RecordingSink* sink, bool json,
                           Progress& progress);

}  // namespace moescope::runtime
