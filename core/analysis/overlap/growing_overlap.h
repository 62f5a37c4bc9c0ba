// Overlap of communication and compute of a trace that grows.
#pragma once

#include <memory>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// Same result as analyze_overlap_and_scopes() of the whole trace. Reads only what was added since
/// the last update() and re-measures only from the earliest addition on. Traces with host calls
/// that launch work or with phases of workers, which no running node sends, are analysed whole: a
/// late kernel changes what their scopes cover.
class GrowingOverlap {
 public:
  GrowingOverlap();
  ~GrowingOverlap();

  /// @pre `trace` is the one of the last call with spans added, and `classes` has the same rules.
  /// Throws Cancelled, which leaves the object unusable.
  OverlapResults update(const Trace& trace, const Classification& classes, Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
