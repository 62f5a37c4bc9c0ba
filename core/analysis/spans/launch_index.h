// The join of launches and the GPU work they started: (process, correlation).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// One side of a join: a host call, or a kernel, copy or fill.
struct JoinedSpan {
  std::uint64_t key = 0;  ///< process << 32 | correlation
  TimeNs start = 0, end = 0;
  SpanRef ref;
  bool gpu = false;
};

/// All joins of a trace in one sorted array. Immutable.
class LaunchIndex {
 public:
  /// Throws Cancelled.
  LaunchIndex(const Trace& trace, Progress& progress);

  /// GPU work of a launch (graph replays have hundreds), in order of start.
  std::span<const JoinedSpan> work(ProcessId process, std::uint32_t correlation) const;
  /// Host calls with that correlation, in order of start.
  std::span<const JoinedSpan> calls(ProcessId process, std::uint32_t correlation) const;

 private:
  std::span<const JoinedSpan> find(ProcessId process, std::uint32_t correlation, bool gpu) const;

  std::vector<JoinedSpan> spans_;
};

}  // namespace moescope
