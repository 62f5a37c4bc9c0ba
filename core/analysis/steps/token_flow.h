// The way of tokens through one MoE layer: dispatched by their rank, computed by the ranks of their
// experts, combined by their rank again.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/find.h"
#include "core/analysis/steps/span_place.h"

namespace moescope {

/// Why the way of a span's tokens is not known.
enum class FlowGap : std::uint8_t {
  None,
  NoSteps,      ///< the trace has no steps
  OutsideStep,  ///< the span lies in none of them
  NoLayer,      ///< nothing says of which layer the span is
  Ambiguous,    ///< several layers or micro-batches are marked at its time
  Alone,        ///< nothing else of its step, layer and micro-batch was recorded
};
const char* to_string(FlowGap gap);  ///< for the user: "the trace has no steps"; "" for None

/// One arrow: from the end of a dispatch to the start of expert work, or from the end of expert
/// work to the end of a combine.
struct FlowHop {
  FoundSpan from, to;
  bool back = false;  ///< from expert work to a combine
};

struct TokenFlow {
  SpanRef of;
  SpanClass stage{};  ///< of that span: Dispatch, Expert or Combine
  FlowGap gap = FlowGap::None;
  SpanPlace place;        ///< what all of it has in common
  std::size_t ranks = 0;  ///< processes of the trace that the step runs on
  /// Of a dispatch or combine: those of its device, and the expert work of all. Of expert work:
  /// that of its device, and the dispatches and combines of all. By device, then start; what only
  /// waits included.
  std::vector<FoundSpan> dispatches, experts, combines;
  std::vector<FlowHop> hops;  ///< between these; of several on a device the one that moves tokens
};

/// Of a dispatch, combine or expert span; nullopt for any other. Spans belong together that have
/// the same step, layer and micro-batch: by their arguments where these name them, as in recordings
/// of the embedded runtime, else by the annotations that cover them. Which expert a token chose is
/// not recorded: hops join ranks, not tokens.
/// @param steps may be null: none are known
/// Throws Cancelled, Error (a chunk cannot be read).
std::optional<TokenFlow> token_flow(const Trace& trace, const Classification& classes,
                                    const std::vector<ScopeOverlap>& scopes,
                                    const TraceSteps* steps, SpanRef ref, Progress& progress);

}  // namespace moescope
