#include "views/workspace/reveal.h"

#include <algorithm>

namespace moescope {

void reveal_span(ViewContext& context, SpanRef ref, const Span& span) {
  const TimeRange range = context.range();
  const bool visible = span.start >= range.begin && span.end() <= range.end;
  const bool readable = span.duration * 200 >= range.length();
  if (!visible || !readable) {
    const TimeNs length = std::max<TimeNs>(span.duration * 20, 10'000);
    const TimeNs center = span.start + span.duration / 2;
    context.setRange({center - length / 2, center + length / 2});
  }
  context.selectSpan(ref);
}

SpanRevealer::SpanRevealer(Document& document, ViewContext& context)
    : document_(document), context_(context) {
  // The details of a span that cannot be read say why.
  QObject::connect(&job_, &JobRunner::failed, &job_, [this] { context_.selectSpan(wanted_); });
  QObject::connect(&document, &Document::traceChanged, &job_, [this] { job_.abandon(); });
}

void SpanRevealer::reveal(SpanRef ref) {
  const TracePtr trace = document_.trace();
  if (!trace) return;
  wanted_ = ref;
  if (trace->in_memory()) {
    job_.abandon();
    return reveal_span(context_, ref, trace->span(ref));
  }
  job_.start(
      QObject::tr("Going to a span"), [trace, ref](Progress&) { return trace->span(ref); },
      [this, ref](const Span& span) { reveal_span(context_, ref, span); });
}

}  // namespace moescope
