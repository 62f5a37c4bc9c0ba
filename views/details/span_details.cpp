#include "views/details/span_details.h"

#include <algorithm>

namespace moescope {
namespace {

LinkedSpans read_linked(const Trace& trace, const std::vector<SpanRef>& refs) {
  LinkedSpans linked;
  linked.count = refs.size();
  for (std::size_t i = 0; i < std::min(refs.size(), LinkedSpans::kMost); ++i)
    linked.read.push_back({refs[i], trace.span(refs[i])});
  return linked;
}

}  // namespace

SpanDetails read_span_details(TracePtr trace, SpanRef ref, AnalysisPtr analysis,
                              const FlowIndex* flow) {
  SpanDetails details;
  details.ref = ref;
  details.span = trace->span(ref);
  details.args = trace->args(ref);
  if (flow != nullptr) {
    details.partners = read_linked(*trace, flow->partners(*trace, ref));
    const Peers peers = flow->find_peers(*trace, ref);
    details.peers = read_linked(*trace, peers.spans);
    details.peer_method = peers.method;
  }
  details.trace = std::move(trace);
  details.analysis = std::move(analysis);
  return details;
}

}  // namespace moescope
