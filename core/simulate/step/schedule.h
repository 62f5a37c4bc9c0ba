// When each stage of a step runs on each GPU: two streams, one or two micro-batches, and
// all-to-alls that begin when the last GPU is ready.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/simulate/model/unit.h"
#include "core/trace/types.h"

namespace moescope {

enum class Stage : std::uint8_t {
  Attention,
  Gather,   ///< tensor-parallel all-gather before the attention
  Scatter,  ///< reduce-scatter after it
  DenseMlp,
  Gate,
  Shared,
  DispatchWait,  ///< ready, but another GPU is not
  Dispatch,
  Experts,
  CombineWait,
  Combine,
};
inline constexpr int kStageCount = static_cast<int>(Stage::Combine) + 1;
/// The name that recordings of the embedded runtime give it, "attention".
const char* to_string(Stage stage);
bool is_communication(Stage stage);

/// Durations of one layer and micro-batch, ns.
struct LayerStages {
  bool dense = false;  ///< attention and dense MLP only
  TimeNs attention = 0, gather = 0, scatter = 0, dense_mlp = 0, gate = 0, shared = 0;
  TimeNs dispatch = 0, combine = 0;
  std::vector<TimeNs> experts;  ///< [gpu]
};

struct StageSpan {
  int gpu = 0, layer = 0, micro_batch = 0;
  Stage stage = Stage::Attention;
  bool beside = false;  ///< on the stream of communication
  TimeNs begin = 0, end = 0;
};
using StageVisitor = std::function<void(const StageSpan&)>;

/// Runs one step and returns when the last GPU is done with it.
///
/// Stages of one GPU and micro-batch follow one another. Two micro-batches take turns on the
/// stream of compute in the order attention, attention, experts, experts, and on that of
/// communication in the order dispatch, dispatch, combine, combine. With experts beside attention,
/// dispatch, experts and combine of one micro-batch run on the second stream. An all-to-all begins
/// on all GPUs when the last one is ready; the others wait.
/// @param layers [layer][micro-batch]
/// @param dead [gpu], GPUs that take no part
/// @param visit called for each stage that takes time, or empty
/// @param layer_end when the last micro-batch left the layer, [layer]; may be null
TimeNs run_step(const std::vector<std::vector<LayerStages>>& layers, const std::vector<char>& dead,
                bool experts_beside, TimeNs begin, const StageVisitor& visit,
                std::vector<TimeNs>* layer_end = nullptr);

}  // namespace moescope
