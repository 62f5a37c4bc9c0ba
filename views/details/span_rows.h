// What is known of one span as rows.
#pragma once

#include "views/details/fact_rows.h"
#include "views/details/span_details.h"

namespace moescope {

/// @param visible what its duration is set against
void add_span_rows(const FactRows& rows, const SpanDetails& details, TimeRange visible);

/// "12.0 % of the visible 4.00 ms": how much of the visible range a span takes.
QString share_text(const Span& span, TimeRange visible);

}  // namespace moescope
