// SM allocation of a trace that grows.
#pragma once

#include <memory>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"

namespace moescope {

/// Same result as analyze_sm_allocation() of the whole trace. Reads only what was added since the
/// last update() and sweeps only from the earliest addition on; a kernel that arrives after the
/// records of its blocks counts from the first of them.
class GrowingSmAllocation {
 public:
  GrowingSmAllocation();
  ~GrowingSmAllocation();

  /// @pre `trace` is the one of the last call with spans and SM records added, as LiveTrace gives
  /// them, and `classes` has the same rules. Throws Cancelled, which leaves the object unusable.
  std::vector<SmAllocation> update(const Trace& trace, const Classification& classes,
                                   Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
