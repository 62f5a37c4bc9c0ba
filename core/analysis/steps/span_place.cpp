#include "core/analysis/steps/span_place.h"

#include <nlohmann/json.hpp>

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

/// A name or a number; "" for anything else.
std::string word_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? found->dump() : std::string();
}

}  // namespace

SpanPlace place_in_args(const std::string& args) {
  SpanPlace place;
  if (args.find("\"layer\"") == std::string::npos) return place;
  const auto json = nlohmann::json::parse(args, nullptr, false);
  if (!json.is_object()) return place;
  place.layer = word_of(json, "layer");
  place.micro_batch = word_of(json, "micro_batch");
  place.phase = word_of(json, "phase");
  return place;
}

SpanPlace place_of_span(const Trace& trace, const std::vector<ScopeOverlap>& scopes,
                        const TraceSteps* steps, SpanRef ref) {
  const Span span = trace.span(ref);
  const Track& track = trace.tracks().at(ref.track);
  SpanPlace place;
  if (track.device >= 0) {
    const DeviceKey key{track.process, track.device};
    const TimeRange range{span.start, span.end()};
    place = place_in_args(trace.args(ref));
    if (place.layer.empty())
      place = {scope_at(scopes, "layer", key, range), scope_at(scopes, "micro_batch", key, range),
               scope_at(scopes, "phase", key, range), std::nullopt};
    const auto step = steps != nullptr ? step_at(*steps, key, range) : std::nullopt;
    if (step) place.step = steps->steps[*step].number;
  }
  if (names_scope(span.kind)) take_names(place, span.kind, trace.strings()[span.name]);
  return place;
}

}  // namespace moescope
