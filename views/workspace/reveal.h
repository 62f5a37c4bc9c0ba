// Going to a span: it is selected and can be seen.
#pragma once

#include "views/common/job.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

/// Selects the span and moves the visible range so that it can be seen.
void reveal_span(Selection& selection, SpanRef ref, const Span& span);

/// The same for a span whose times are not at hand: in a job where the trace lies in a file.
class SpanRevealer {
 public:
  SpanRevealer(TraceDocument& document, Selection& selection);
  void reveal(SpanRef ref);

 private:
  TraceDocument& document_;
  Selection& selection_;
  SpanRef wanted_;
  JobRunner job_;
};

}  // namespace moescope
