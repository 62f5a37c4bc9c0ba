// Durations of all spans of one name, and where one of them stands among them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/analysis/spans/statistics.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Spans of one kind and name in a whole trace, over all ranks. Immutable.
class SameName {
 public:
  /// Reads every chunk of the trace once. Throws Cancelled, Error.
  SameName(const Trace& trace, SpanKind kind, StringId name, const Progress& progress);

  SpanKind kind() const { return kind_; }
  StringId name() const { return name_; }
  const DurationStatistics& durations() const { return durations_; }
  /// The smallest duration that at least `percent` of the spans do not exceed, ns; 0 without spans.
  TimeNs percentile(int percent) const;
  /// Spans that last longer than `duration`; the longest has rank 1 = longer_than() + 1.
  std::uint64_t longer_than(TimeNs duration) const;
  SpanRef longest() const { return longest_; }  ///< the first of them; invalid without spans

 private:
  SpanKind kind_;
  StringId name_;
  std::vector<TimeNs> sorted_;  ///< durations, ascending
  DurationStatistics durations_;
  SpanRef longest_;
};

using SameNamePtr = std::shared_ptr<const SameName>;

}  // namespace moescope
