// Finding spans by name.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

struct FindQuery {
  std::string text;
  bool regex = false;  ///< RE2 syntax instead of plain text
  bool case_sensitive = false;
  std::size_t limit = 100000;  ///< hits at most
};

/// A span and where it is.
struct FoundSpan {
  SpanRef ref;
  Span span;
};

struct FindResult {
  std::vector<FoundSpan> hits;  ///< in order of start time, then track
  bool limited = false;         ///< more hits exist than `limit`
};

/// Spans whose name contains or matches the query. An empty text finds nothing. Throws Error when
/// the expression is not valid, Cancelled.
FindResult find_spans(const Trace& trace, const FindQuery& query, Progress& progress);

}  // namespace moescope
