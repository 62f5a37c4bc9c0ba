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

void read_analysis(SpanDetails& details, const SpanContext& context) {
  const Trace& trace = *details.trace;
  const Track& track = trace.tracks().at(details.ref.track);
  const TimeRange range{details.span.start, details.span.end()};
  details.place = place_of_span(trace, context.analysis->scopes, context.steps.get(), details.ref);
  if (is_gpu_work(details.span.kind))
    details.overlap =
        overlap_of_span(context.analysis->activity, {track.process, track.device}, range);
}

}  // namespace

SpanDetails read_span_details(TracePtr trace, SpanRef ref, const SpanContext& context) {
  SpanDetails details;
  details.ref = ref;
  details.span = trace->span(ref);
  details.args = trace->args(ref);
  if (context.flow) {
    details.partners = read_linked(*trace, context.flow->partners(*trace, ref));
    const Peers peers = context.flow->find_peers(*trace, ref);
    details.peers = read_linked(*trace, peers.spans);
    details.peer_method = peers.method;
    details.arrivals = arrivals_of(*trace, ref, peers);
  }
  details.trace = std::move(trace);
  details.analysis = context.analysis;
  if (context.analysis) read_analysis(details, context);
  const bool same = context.same_name && context.same_name->name() == details.span.name &&
                    context.same_name->kind() == details.span.kind;
  if (same) details.same_name = context.same_name;
  if (context.tokens && context.tokens->of == ref) details.tokens = context.tokens;
  return details;
}

}  // namespace moescope
