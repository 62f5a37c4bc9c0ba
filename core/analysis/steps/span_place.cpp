#include "core/analysis/steps/span_place.h"

#include "core/analysis/overlap/device_work.h"
#include "core/analysis/overlap/scope_at.h"
#include "core/analysis/steps/step_standing.h"

namespace moescope {
namespace {

void take_names(SpanPlace& place, SpanKind kind, std::string_view name) {
  for (const auto& [what, value] : scope_names(kind, name)) {
    if (what == "layer") place.layer = value;
    if (what == "micro_batch") place.micro_batch = value;
    if (what == "phase") place.phase = value;
  }
}

}  // namespace

SpanPlace place_of_span(const Trace& trace, const std::vector<ScopeOverlap>& scopes,
                        const TraceSteps* steps, SpanRef ref) {
  const Span span = trace.span(ref);
  const Track& track = trace.tracks().at(ref.track);
  SpanPlace place;
  if (track.device >= 0) {
    const DeviceKey key{track.process, track.device};
    const TimeRange range{span.start, span.end()};
    place.layer = scope_at(scopes, "layer", key, range);
    place.micro_batch = scope_at(scopes, "micro_batch", key, range);
    place.phase = scope_at(scopes, "phase", key, range);
    const auto step = steps != nullptr ? step_at(*steps, key, range) : std::nullopt;
    if (step) place.step = steps->steps[*step].number;
  }
  if (names_scope(span.kind)) take_names(place, span.kind, trace.strings()[span.name]);
  return place;
}

}  // namespace moescope
