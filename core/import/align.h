// Clock alignment: matching the clocks of several files on the ends of collectives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Ends of the collectives of one trace.
struct CollectiveEnds;

/// How the clock of one trace was aligned with that of another, and the evidence for it.
struct FileClock {
  ClockAlignment alignment;
  std::size_t common_collectives = 0;  ///< collectives in both, whether or not their ends agree
};

/// Aligns clocks of traces pair by pair. A collective ends on all ranks at once, so the offset is
/// the median difference of the ends of matching collectives and the residual the median absolute
/// deviation from it. Pairs whose durations and order disagree with the rest are left out; without
/// a credible match the recorded wall clocks are used, and without those both traces start at 0.
/// ClockAlignment::method names the method used.
class ClockAligner {
 public:
  /// Gathers the collectives of all `traces`, which must outlive this. Throws Cancelled.
  ClockAligner(const std::vector<TracePtr>& traces, Progress& progress);
  ~ClockAligner();

  /// The clock of trace `other` against that of trace `reference`, whose offset is 0.
  FileClock align(std::size_t reference, std::size_t other) const;

 private:
  const std::vector<TracePtr>& traces_;
  std::vector<CollectiveEnds> ends_;  ///< by trace
};

/// Wall clock of time 0 of `trace`, nullopt where it is unknown or impossible.
std::optional<std::int64_t> wall_clock(const Trace& trace);

/// The message about the clock of one of several files.
std::string describe_alignment(const Trace& trace, const ClockAlignment& alignment);

}  // namespace moescope
