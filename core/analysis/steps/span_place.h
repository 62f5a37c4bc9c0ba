// Where in model and schedule one span belongs: its layer, micro-batch, phase and step.
#pragma once

#include <optional>
#include <string>

#include "core/analysis/steps/steps.h"

namespace moescope {

/// Names are as the trace has them; "" and nullopt where it does not say.
struct SpanPlace {
  std::string layer, micro_batch, phase;
  std::optional<std::uint64_t> step;  ///< its number
};

/// What the arguments of a span say of it, as those of the embedded runtime and of simulated steps
/// do: "layer", "micro_batch" and "phase". Numbering steps is left to TraceSteps.
SpanPlace place_in_args(const std::string& args);

/// Of work on a device by its arguments where they name a layer, else by the scope that covers most
/// of the span there; of an annotation or phase by its own name. Calls of the host belong nowhere.
/// Throws Error when a chunk cannot be read.
/// @param steps may be null: then no step is found
SpanPlace place_of_span(const Trace& trace, const std::vector<ScopeOverlap>& scopes,
                        const TraceSteps* steps, SpanRef ref);

}  // namespace moescope
