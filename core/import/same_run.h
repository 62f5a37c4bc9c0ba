// Whether several traces are of one run. Only then do they share a time axis.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/import/align.h"
#include "core/trace/trace.h"

namespace moescope {

/// Traces sorted by the run they are of.
struct Runs {
  std::vector<std::vector<std::size_t>> traces;  ///< by run, in the order given
  /// Why the second run is not the first, a sentence without a final stop; "" for a single run.
  std::string reason;
};

/// Largest difference between clocks of one cluster: machines without time synchronisation drift by
/// seconds per day.
inline constexpr TimeNs kMaxClockError = 60'000'000'000;
/// Largest gap between recordings of one run that have no collective in common, because their
/// profilers do not start simultaneously.
inline constexpr TimeNs kMaxStartError = 1'000'000'000;

/// Sorts traces by run. A trace is of the run of another one when all of this holds:
///  - no rank is in both, and they do not name different world sizes: the same rank twice is a
///    recording before and one after a change;
///  - the ends of their common collectives agree (see ClockAligner), and their wall clocks, where
///    both are recorded, then differ by at most kMaxClockError; or else both recorded a wall clock
///    on which they overlap, or miss each other by at most kMaxStartError.
/// Every trace joins the first run that it fits, compared with the first trace of that run.
Runs sort_by_run(const std::vector<TracePtr>& traces, const ClockAligner& clocks);

/// What to do with traces that are not of one run.
enum class OtherRuns {
  Refused,  ///< SeveralRuns is thrown
  Merged,   ///< merged anyway; the first warning says so
};

/// Thrown instead of merging traces that are not of one run.
class SeveralRuns : public Error {
 public:
  SeveralRuns(std::vector<std::vector<std::filesystem::path>> runs, const std::string& reason);
  /// Files by run, in the order given.
  const std::vector<std::vector<std::filesystem::path>>& runs() const noexcept { return runs_; }

 private:
  std::vector<std::vector<std::filesystem::path>> runs_;
};

}  // namespace moescope
