// What belongs together: a launch and its kernels, and one collective on several ranks.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "core/analysis/classify.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Index of the joins of a trace; built once by a job, then cheap to ask. Immutable.
class FlowIndex {
 public:
  /// Throws Cancelled.
  FlowIndex(const Trace& trace, const Classification& classes, Progress& progress);

  /// For a host call: the GPU work it launched (one correlation may own hundreds in graph replays).
  /// For GPU work: the call that launched it. In order of start; empty when unknown.
  std::vector<SpanRef> partners(const Trace& trace, SpanRef span) const;
  /// The same collective on the other processes: the n-th occurrence of a communication kernel of
  /// that name on each. Empty unless every process has the same number of occurrences.
  std::vector<SpanRef> peers(const Trace& trace, SpanRef span) const;

 private:
  struct Join {
    std::vector<SpanRef> calls, work;
  };
  struct Occurrences {
    std::vector<std::vector<std::pair<TimeNs, SpanRef>>> by_process;
  };
  std::unordered_map<std::uint64_t, Join> joins_;  ///< process << 32 | correlation
  std::unordered_map<StringId, Occurrences> collectives_;
};

}  // namespace moescope
