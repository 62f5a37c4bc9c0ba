#include "core/analysis/steps/token_flow.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/analysis/overlap/scope_at.h"
#include "core/analysis/steps/step_standing.h"

namespace moescope {
namespace {

/// A part of the flow and whether it only waits.
struct Stop {
  FoundSpan found;
  bool waits = false;
};
using StopsOfDevice = std::map<DeviceKey, std::vector<Stop>>;

bool is_stage(SpanClass c) {
  return c == SpanClass::Dispatch || c == SpanClass::Expert || c == SpanClass::Combine;
}

/// Layers and micro-batches of one device, by what annotates them.
class MarkedPlaces {
 public:
  explicit MarkedPlaces(const std::vector<ScopeOverlap>& scopes) {
    for (const ScopeOverlap& scope : scopes)
      if (scope.kind == "layer" || scope.kind == "micro_batch")
        by_device_[scope.key].push_back(&scope);
  }

  /// Names of the scopes of `kind` that cover more than half of `range`.
  std::set<std::string> at(const DeviceKey& key, const char* kind, TimeRange range) const {
    std::set<std::string> names;
    const auto found = by_device_.find(key);
    if (found == by_device_.end()) return names;
    const TimeRange some{range.begin, std::max(range.end, range.begin + 1)};
    for (const ScopeOverlap* scope : found->second)
      if (scope->kind == kind && 2 * shared_time(scope->ranges, some) > some.length())
        names.insert(scope->name);
    return names;
  }

 private:
  std::map<DeviceKey, std::vector<const ScopeOverlap*>> by_device_;
};

/// Gathers what has the place of one span.
class FlowGatherer {
 public:
  FlowGatherer(const Trace& trace, const Classification& classes, const MarkedPlaces& marked,
               const SpanPlace& place)
      : trace_(trace), classes_(classes), marked_(marked), place_(place) {}

  void add_track(TrackId track, const DeviceKey& key, TimeRange step, Progress& progress) {
    trace_.visit_chunks(track, step, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      std::vector<std::string> args;
      bool read = false;
      for (std::size_t row = 0; row < c.size(); ++row) {
        const auto name = classes_.of(c.kind[row], c.name[row]);
        if (c.start[row] >= step.end || c.start[row] < step.begin || !is_stage(name.span_class))
          continue;
        if (!std::exchange(read, true)) args = chunk.args().rows();
        const Span span = c.at(row);
        if (!belongs(span, key, row < args.size() ? args[row] : std::string())) continue;
        const SpanRef ref{track, first + static_cast<std::uint32_t>(row)};
        stops_[name.span_class][key].push_back({{ref, span}, name.waits});
      }
      return true;
    });
  }
  bool ambiguous() const { return ambiguous_; }
  /// Those of one stage, each device in order of start.
  StopsOfDevice take(SpanClass stage) {
    StopsOfDevice stops = std::move(stops_[stage]);
    for (auto& [key, list] : stops)
      std::sort(list.begin(), list.end(), [](const Stop& a, const Stop& b) {
        return std::pair(a.found.span.start, a.found.ref) <
               std::pair(b.found.span.start, b.found.ref);
      });
    return stops;
  }

 private:
  bool belongs(const Span& span, const DeviceKey& key, const std::string& args) {
    if (const SpanPlace said = place_in_args(args); !said.layer.empty())
      return said.layer == place_.layer && said.micro_batch == place_.micro_batch &&
             said.phase == place_.phase;
    const TimeRange range{span.start, span.end()};
    const auto is = [&](const char* kind, const std::string& wanted) {
      const auto names = marked_.at(key, kind, range);
      const bool among = wanted.empty() ? names.empty() : names.contains(wanted);
      ambiguous_ |= among && names.size() > 1;
      return among;
    };
    return is("layer", place_.layer) && is("micro_batch", place_.micro_batch);
  }

  const Trace& trace_;
  const Classification& classes_;
  const MarkedPlaces& marked_;
  const SpanPlace& place_;
  bool ambiguous_ = false;
  std::map<SpanClass, StopsOfDevice> stops_;
};

/// Of the spans of a stage on a device the one that a hop joins: the selected one, else the first
/// or the last that does more than wait.
const FoundSpan& joined(const std::vector<Stop>& stops, SpanRef selected, bool last) {
  const Stop* found = nullptr;
  for (const Stop& stop : stops) {
    if (stop.found.ref == selected) return stop.found;
    const bool better =
        found == nullptr || (found->waits && !stop.waits) || (last && found->waits == stop.waits);
    if (better) found = &stop;
  }
  return found->found;
}

std::vector<FoundSpan> listed(const StopsOfDevice& stops) {
  std::vector<FoundSpan> list;
  for (const auto& [key, of_device] : stops)
    for (const Stop& stop : of_device) list.push_back(stop.found);
  return list;
}

void keep_only(StopsOfDevice& stops, const DeviceKey& key) {
  std::erase_if(stops, [&](const auto& entry) { return entry.first != key; });
}

void fill(TokenFlow& flow, FlowGatherer& gathered, const DeviceKey& own) {
  StopsOfDevice dispatches = gathered.take(SpanClass::Dispatch);
  StopsOfDevice experts = gathered.take(SpanClass::Expert);
  StopsOfDevice combines = gathered.take(SpanClass::Combine);
  if (flow.stage == SpanClass::Expert) {
    keep_only(experts, own);
  } else {
    keep_only(dispatches, own);
    keep_only(combines, own);
  }
  for (const auto& [key, work] : experts) {
    for (const auto& [from, sent] : dispatches)
      flow.hops.push_back({joined(sent, flow.of, false), joined(work, flow.of, false), false});
    for (const auto& [to, back] : combines)
      flow.hops.push_back({joined(work, flow.of, true), joined(back, flow.of, true), true});
  }
  flow.dispatches = listed(dispatches);
  flow.experts = listed(experts);
  flow.combines = listed(combines);
  if (flow.hops.empty()) flow.gap = FlowGap::Alone;
}

}  // namespace

const char* to_string(FlowGap gap) {
  switch (gap) {
    case FlowGap::None:
      return "";
    case FlowGap::NoSteps:
      return "the trace has no steps";
    case FlowGap::OutsideStep:
      return "it lies outside every step";
    case FlowGap::NoLayer:
      return "nothing in the trace says of which layer it is";
    case FlowGap::Ambiguous:
      return "several layers or micro-batches are marked at its time";
    case FlowGap::Alone:
      return "nothing else of its step, layer and micro-batch is in the trace";
  }
  return "";
}

std::optional<TokenFlow> token_flow(const Trace& trace, const Classification& classes,
                                    const std::vector<ScopeOverlap>& scopes,
                                    const TraceSteps* steps, SpanRef ref, Progress& progress) {
  const Span span = trace.span(ref);
  const Track& track = trace.tracks().at(ref.track);
  TokenFlow flow;
  flow.of = ref;
  flow.stage = classes.of(span.kind, span.name).span_class;
  if (!is_stage(flow.stage) || track.device < 0) return std::nullopt;
  const auto without = [&](FlowGap gap) {
    flow.gap = gap;
    return flow;
  };
  const DeviceKey own{track.process, track.device};
  flow.place = place_of_span(trace, scopes, steps, ref);
  if (steps == nullptr || steps->steps.empty()) return without(FlowGap::NoSteps);
  const auto index = step_at(*steps, own, {span.start, span.end()});
  if (!index) return without(FlowGap::OutsideStep);
  if (flow.place.layer.empty()) return without(FlowGap::NoLayer);
  const MarkedPlaces marked(scopes);
  FlowGatherer gathered(trace, classes, marked, flow.place);
  std::set<ProcessId> ranks;
  for (const StepOnDevice& part : steps->steps[*index].devices) {
    ranks.insert(part.key.process);
    for (TrackId id = 0; id < trace.tracks().size(); ++id) {
      const Track& of = trace.tracks()[id];
      if (of.type == TrackType::DeviceStream && DeviceKey{of.process, of.device} == part.key)
        gathered.add_track(id, part.key, part.range, progress);
    }
  }
  flow.ranks = ranks.size();
  if (gathered.ambiguous()) return without(FlowGap::Ambiguous);
  fill(flow, gathered, own);
  return flow;
}

}  // namespace moescope
