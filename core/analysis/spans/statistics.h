// Statistics of a selection: count, total, mean, min and max of durations, per class and per name.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Durations of a group of spans, in ns. Sums of durations, not unions: overlapping spans add up.
struct DurationStatistics {
  std::uint64_t count = 0;
  TimeNs total = 0, min = 0, max = 0;
  void add(TimeNs duration);
  double mean() const {
    return count == 0 ? 0 : static_cast<double>(total) / static_cast<double>(count);
  }
};

struct NameStatistics {
  SpanKind kind = SpanKind::Other;
  StringId name = 0;
  ClassifiedName classified;
  DurationStatistics durations;
  SpanRef longest;  ///< the span with the longest duration
};

struct SelectionStatistics {
  DurationStatistics all;
  std::vector<NameStatistics> names;  ///< by total, longest first
  /// Per class, in the order of SpanClass; classes without spans are left out.
  std::vector<std::pair<SpanClass, DurationStatistics>> classes;
};

/// Statistics of single spans.
SelectionStatistics statistics_of(const Trace& trace, const Classification& classes,
                                  const std::vector<SpanRef>& spans);
/// Statistics of an area: the spans of `tracks` (empty: all) that touch `range`. Durations count
/// only the part inside `range` when `clip`, else whole. Throws Cancelled.
SelectionStatistics statistics_of(const Trace& trace, const Classification& classes,
                                  TimeRange range, const std::vector<TrackId>& tracks, bool clip,
                                  Progress& progress);

}  // namespace moescope
