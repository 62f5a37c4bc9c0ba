// Going to a span: it is selected and can be seen.
#pragma once

#include "views/common/job.h"
#include "views/workspace/document.h"
#include "views/workspace/view_context.h"

namespace moescope {

/// Selects the span and moves the visible range so that it can be seen.
void reveal_span(ViewContext& context, SpanRef ref, const Span& span);

/// The same for a span whose times are not at hand: in a job where the trace lies in a file.
class SpanRevealer {
 public:
  SpanRevealer(Document& document, ViewContext& context);
  void reveal(SpanRef ref);

 private:
  Document& document_;
  ViewContext& context_;
  SpanRef wanted_;
  JobRunner job_;
};

}  // namespace moescope
