// All that is known of one span, read from its trace: by a job where that lies in a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/overlap/span_overlap.h"
#include "core/analysis/results.h"
#include "core/analysis/spans/arrivals.h"
#include "core/analysis/spans/flow.h"
#include "core/analysis/spans/same_name.h"
#include "core/analysis/steps/span_place.h"
#include "core/analysis/steps/token_flow.h"

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

/// What jobs found of the trace before; null: not known yet.
struct SpanContext {
  AnalysisPtr analysis;  ///< null: its class is not known yet
  std::shared_ptr<const FlowIndex> flow;
  std::shared_ptr<const TraceSteps> steps;
  SameNamePtr same_name;                    ///< of another name: is not shown
  std::shared_ptr<const TokenFlow> tokens;  ///< of another span: is not shown
};

struct SpanDetails {
  TracePtr trace;
  SpanRef ref;
  Span span;
  AnalysisPtr analysis;
  std::string args;                    ///< JSON text, may be empty
  std::optional<SpanOverlap> overlap;  ///< of work on a device
  SpanPlace place;
  SameNamePtr same_name;
  /// What launched the span, or what it launched, and the same collective on other ranks; empty
  /// while that is not known yet.
  LinkedSpans partners, peers;
  PeerMethod peer_method{};
  std::shared_ptr<const TokenFlow> tokens;  ///< null: not known yet, or it moves none
  Arrivals arrivals;
};

/// Throws Error when a chunk of the file cannot be read, std::exception for a span that is not in
/// the trace.
SpanDetails read_span_details(TracePtr trace, SpanRef ref, const SpanContext& context);

}  // namespace moescope
