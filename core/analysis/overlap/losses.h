// What is missing from the figures of a window because the recording lost it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// Losses that touch `window`, or all; with `process` only those that concern it.
std::vector<Loss> losses_in(const Trace& trace, const std::optional<TimeRange>& window,
                            std::optional<ProcessId> process = {});

/// Losses of one kind for one reason, together.
struct LossSummary {
  LossKind kind = LossKind::DroppedSpans;
  std::string reason;
  std::vector<ProcessId> processes;    ///< that they concern, ascending; empty: all
  TimeRange when;                      ///< from the first to the last
  TimeNs time = 0;                     ///< ns in which something was lost
  std::optional<std::uint64_t> count;  ///< records; nullopt where unknown
};
/// Worst first: lost connections, then by number of records. Losses that lie partly outside a
/// window count in full, because it is unknown which part lies inside.
std::vector<LossSummary> summarise(const std::vector<Loss>& losses);

/// Time in which something was lost, in ns of `window`, or of the whole trace.
TimeNs lost_time(const std::vector<Loss>& losses, const std::optional<TimeRange>& window);

/// A sentence without its full stop: "1234 spans of rank 3 were dropped between 12.5 and 80.0 ms,
/// in 20.1 ms of them: the ring of the recorder was full".
std::string describe(const LossSummary& summary, const Trace& trace);
/// The same of one loss, with its place.
std::string describe(const Loss& loss, const Trace& trace);

}  // namespace moescope
