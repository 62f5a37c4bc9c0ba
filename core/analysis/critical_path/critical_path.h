// The chain of work that a step could not be shorter than: across ranks, back from its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/device_key.h"
#include "core/analysis/spans/flow.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// What a piece of the path is.
enum class PathCause : std::uint8_t {
  Compute,
  Memory,    ///< a copy or fill, with no compute beside it
  Transfer,  ///< communication that every rank had arrived at
  Waiting,   ///< communication without known peers that only waits
  Idle,      ///< nothing ran on the device: launches, the host, or the end of the window
};
const char* to_string(PathCause cause);  ///< for the user: "compute", "transfer", ...

/// A piece of the path on one device.
struct PathSegment {
  DeviceKey device;
  TimeRange time;
  PathCause cause = PathCause::Idle;
  SpanClass span_class = SpanClass::Host;  ///< of the span; Host where nothing ran
  SpanRef span;                            ///< invalid where nothing ran
  /// Devices that waited for this one at the end of the piece, in the collective that follows.
  std::vector<DeviceKey> waited_for_by;
};

/// Time on the path for one cause and class.
struct PathShare {
  PathCause cause = PathCause::Idle;
  SpanClass span_class = SpanClass::Host;
  TimeNs time = 0;
};

/// How long one device was the last to arrive while others waited in a collective.
struct Straggler {
  DeviceKey device;
  std::uint64_t collectives = 0;  ///< on the path at which it came last
  TimeNs waited = 0;              ///< ns that the first to arrive waited for it, summed
};

struct CriticalPath {
  TimeRange window;
  std::vector<PathSegment> segments;  ///< by time, without gaps: their lengths sum to the window's
  std::vector<PathShare> shares;      ///< by time, most first
  std::vector<Straggler> stragglers;  ///< by time waited, most first
};

/// Walks back from the last end of GPU work of `devices` inside `window`. On a device the work that
/// ended last came before; compute counts before communication beside it. At a collective whose
/// peers `flows` knows, the path goes on at the rank that arrived last, because all others waited
/// for it. Clocks of ranks that are not aligned make that rank a guess. Throws Cancelled, Error.
CriticalPath critical_path(const Trace& trace, const Classification& classes,
                           const FlowIndex& flows, const std::vector<DeviceKey>& devices,
                           TimeRange window, const Progress& progress = no_progress());

/// "expert on rank 3, GPU 0, then dispatch (1.20 ms): rank 0, GPU 0 and 2 more waited": the largest
/// pieces, at most `most`, in order of time.
std::vector<std::string> path_in_words(const CriticalPath& path, const Trace& trace,
                                       std::size_t most = 6);

}  // namespace moescope
