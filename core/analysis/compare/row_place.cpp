#include "core/analysis/compare/row_place.h"

#include <fmt/format.h>

#include <functional>
#include <unordered_map>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/kernel_label.h"

namespace moescope {
namespace {

/// Whether spans of a kind and name are of the row.
using Wanted = std::function<bool(SpanKind, StringId)>;

Wanted wanted_of(const CompareSide& side, const Difference& row) {
  const Trace& trace = *side.trace;
  if (row.scope == "class")
    return [&side, key = row.key](SpanKind kind, StringId name) {
      return to_string(side.analysis->classes->of(kind, name).span_class) == key;
    };
  const auto known = std::make_shared<std::unordered_map<StringId, bool>>();
  return [&trace, known, key = row.key](SpanKind, StringId name) {
    const auto [entry, added] = known->try_emplace(name);
    if (added) entry->second = kernel_key(trace.strings()[name]) == key;
    return entry->second;
  };
}

/// The first span on `track` that begins in `window` and is wanted.
std::optional<RowPlace> first_on(const Trace& trace, TrackId track, TimeRange window,
                                 const Wanted& wanted, const Progress& progress) {
  std::optional<RowPlace> found;
  trace.visit_chunks(track, window, [&](const SpanChunk& chunk, std::uint32_t first) {
    progress.check();
    const auto& c = chunk.columns();
    for (std::size_t i = 0; i < c.size() && !found; ++i) {
      if (!is_gpu_work(c.kind[i]) || c.start[i] < window.begin || c.start[i] >= window.end ||
          !wanted(c.kind[i], c.name[i]))
        continue;
      found = RowPlace{{c.start[i], c.start[i] + c.duration[i]},
                       {track, first + static_cast<std::uint32_t>(i)}};
    }
    return !found;
  });
  return found;
}

std::optional<RowPlace> first_span(const CompareSide& side, TimeRange window, const Wanted& wanted,
                                   const Progress& progress) {
  std::optional<RowPlace> best;
  for (const DeviceActivity& device : side.analysis->activity)
    for (const TrackId track : tracks_of(*side.trace, device.key)) {
      // What begins later than the best one is not looked for.
      if (best) window.end = std::min(window.end, best->time.begin);
      if (auto found = first_on(*side.trace, track, window, wanted, progress)) best = found;
    }
  return best;
}

std::optional<RowPlace> first_layer(const CompareSide& side, TimeRange window,
                                    const std::string& name) {
  std::optional<RowPlace> best;
  for (const ScopeOverlap& scope : side.analysis->scopes)
    if (scope.kind == "layer" && scope.name == name)
      for (const TimeRange& range : scope.ranges)
        if (range.begin >= window.begin && range.begin < window.end &&
            (!best || range.begin < best->time.begin))
          best = RowPlace{range, {}};
  return best;
}

std::optional<RowPlace> first_step(const CompareSide& side,
                                   const std::function<bool(const TraceStep&)>& wanted) {
  for (const TraceStep& step : side.steps.steps)
    if (wanted(step)) return RowPlace{step.range, {}};
  return std::nullopt;
}

}  // namespace

std::string step_key(const TraceStep& step) {
  return step.phase.empty() ? fmt::format("{}", step.number)
                            : fmt::format("{} {}", step.phase, step.number);
}

std::optional<RowPlace> place_of_row(const CompareSide& side, const Difference& row,
                                     TimeRange window, Progress& progress) {
  const TimeRange all{side.trace->range().begin, side.trace->range().end + 1};
  const auto here_or_anywhere = [&](const auto& find) {
    const std::optional<RowPlace> here = find(window);
    return here ? here : find(all);
  };
  if (row.scope == "step")
    return first_step(side, [&](const TraceStep& step) { return step_key(step) == row.key; });
  if (row.scope == "phase")
    return first_step(side, [&](const TraceStep& step) { return step.phase == row.key; });
  if (row.scope == "layer")
    return here_or_anywhere([&](TimeRange in) { return first_layer(side, in, row.key); });
  if (row.scope != "kernel" && row.scope != "class") return std::nullopt;
  const Wanted wanted = wanted_of(side, row);
  return here_or_anywhere([&](TimeRange in) { return first_span(side, in, wanted, progress); });
}

}  // namespace moescope
