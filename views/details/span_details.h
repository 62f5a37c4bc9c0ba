// All that is known of one span, read from its trace: by a job where that lies in a file.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/results.h"
#include "core/analysis/spans/flow.h"

namespace moescope {

struct LinkedSpan {
  SpanRef ref;
  Span span;
};

/// Spans that one span leads to: at most kMost of them were read.
struct LinkedSpans {
  std::size_t count = 0;  ///< all
  std::vector<LinkedSpan> read;
  static constexpr std::size_t kMost = 100;  ///< a graph replay launches hundreds
};

struct SpanDetails {
  TracePtr trace;
  SpanRef ref;
  Span span;
  AnalysisPtr analysis;  ///< null: its class is not known yet
  std::string args;      ///< JSON text, may be empty
  /// What launched the span, or what it launched, and the same collective on other ranks; empty
  /// while that is not known yet.
  LinkedSpans partners, peers;
  PeerMethod peer_method{};
};

/// Throws Error when a chunk of the file cannot be read, std::exception for a span that is not in
/// the trace. `flow`: null while it is not known yet.
SpanDetails read_span_details(TracePtr trace, SpanRef ref, AnalysisPtr analysis,
                              const FlowIndex* flow);

}  // namespace moescope
