// Where in a trace the work is that a row of a comparison is about.
#pragma once

#include <optional>
#include <string>

#include "core/analysis/compare/compare.h"

namespace moescope {

struct RowPlace {
  TimeRange time;
  SpanRef span;  ///< of kernels and classes; else invalid
};

/// The first work of a kernel, class, layer, step or phase in `side`: what begins in `window`, else
/// anywhere in the trace. Nullopt where the side has none, and for rows of other scopes. For a
/// background job. Throws Cancelled, Error.
std::optional<RowPlace> place_of_row(const CompareSide& side, const Difference& row,
                                     TimeRange window, Progress& progress = no_progress());

/// The key of a step in rows: "7", "decode 7".
std::string step_key(const TraceStep& step);

}  // namespace moescope
