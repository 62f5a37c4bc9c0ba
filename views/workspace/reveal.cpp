#include "views/workspace/reveal.h"

#include <algorithm>

namespace moescope {

void reveal_span(Selection& selection, SpanRef ref, const Span& span) {
  const TimeRange range = selection.range();
  const bool visible = span.start >= range.begin && span.end() <= range.end;
  const bool readable = span.duration * 200 >= range.length();
  if (!visible || !readable) {
    const TimeNs length = std::max<TimeNs>(span.duration * 20, 10'000);
    const TimeNs center = span.start + span.duration / 2;
    selection.setRange({center - length / 2, center + length / 2});
  }
  selection.selectSpan(ref);
}

SpanRevealer::SpanRevealer(TraceDocument& document, Selection& selection)
    : document_(document), selection_(selection) {
  // The details of a span that cannot be read say why.
  QObject::connect(&job_, &JobRunner::failed, &job_, [this] { selection_.selectSpan(wanted_); });
  QObject::connect(&document, &TraceDocument::traceChanged, &job_, [this] { job_.abandon(); });
}

void SpanRevealer::reveal(SpanRef ref) {
  const TracePtr trace = document_.trace();
  if (!trace) return;
  wanted_ = ref;
  if (trace->in_memory()) {
    job_.abandon();
    return reveal_span(selection_, ref, trace->span(ref));
  }
  job_.start(
      QObject::tr("Going to a span"), [trace, ref](Progress&) { return trace->span(ref); },
      [this, ref](const Span& span) { reveal_span(selection_, ref, span); });
}

}  // namespace moescope
