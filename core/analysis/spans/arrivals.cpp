#include "core/analysis/spans/arrivals.h"

#include <algorithm>

namespace moescope {

Arrivals arrivals_of(const Trace& trace, SpanRef own, const Peers& peers) {
  const TimeNs mine = trace.span(own).start;
  Arrivals arrivals{peers.spans.size() + 1, own, 0, 0};
  TimeNs first = mine, last = mine;
  for (const SpanRef peer : peers.spans) {
    const TimeNs start = trace.span(peer).start;
    first = std::min(first, start);
    if (start <= last) continue;
    last = start;
    arrivals.last = peer;
  }
  arrivals.spread = last - first;
  arrivals.waited = last - mine;
  return arrivals;
}

}  // namespace moescope
