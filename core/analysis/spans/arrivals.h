// Who came last to a collective, and how long the others waited for it.
#pragma once

#include <cstddef>

#include "core/analysis/spans/flow.h"

namespace moescope {

/// When the ranks of one collective started it. Clocks of ranks that are not aligned make it a
/// guess.
struct Arrivals {
  std::size_t ranks = 0;  ///< that take part and are in the trace; 1: no peers are known
  SpanRef last;           ///< the kernel of the rank that started last
  TimeNs spread = 0;      ///< from the first start to the last, ns
  TimeNs waited = 0;      ///< from the start of `own` to the last, ns
};

/// Of the collective of `own` and its `peers`. Throws Error when a chunk cannot be read.
Arrivals arrivals_of(const Trace& trace, SpanRef own, const Peers& peers);

}  // namespace moescope
