// One MoE layer of the model on a backend, compared with a reference backend and recorded.
#pragma once

#include <optional>
#include <string>

#include "core/progress.h"
#include "core/trace/file/recording_sink.h"
#include "gpu/engine/backend.h"

namespace moescope::runtime {

struct LayerRunOptions {
  std::shared_ptr<const Model> model;
  Group group;
  std::optional<Placement> placement;
  CombineMode combine = CombineMode::Ordered;
  DeviceBudget budget;
  int max_tokens = 64;  ///< of a rank
  int steps = 10;       ///< of each form of dispatch
  std::uint64_t seed = 1;
};

/// Runs the steps with the prefill's and with the decode's form of dispatch. `sink` may be nullptr.
/// Returns a text, or one JSON document. Throws Error without a usable device, and when the
/// backends do not agree.
std::string run_layer(const LayerRunOptions& options, const Backend& backend,
                      const Backend& reference, RecordingSink* sink, bool json, Progress& progress);

}  // namespace moescope::runtime
