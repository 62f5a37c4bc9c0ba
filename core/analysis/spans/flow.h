// What belongs together: a launch and its kernels, and one collective on several ranks.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/launch_index.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// How the peers of a collective were found; shown beside them.
enum class PeerMethod : std::uint8_t {
  None,      ///< no peers
  Sequence,  ///< process group and sequence number of the arguments
  Order,     ///< guessed: the n-th kernel of that name on each process
};
const char* to_string(PeerMethod method);  ///< for the user

/// The same collective on the other processes.
struct Peers {
  std::vector<SpanRef> spans;  ///< by process
  PeerMethod method = PeerMethod::None;
};

/// Index of the joins of a trace; built once by a job, then cheap to query. Immutable.
class FlowIndex {
 public:
  /// Throws Cancelled.
  FlowIndex(const Trace& trace, const Classification& classes, Progress& progress);

  const LaunchIndex& launches() const { return launches_; }
  /// For a host call: the GPU work it launched (one correlation may own hundreds in graph replays).
  /// For GPU work: the call that launched it. In order of start; empty when unknown.
  std::vector<SpanRef> partners(const Trace& trace, SpanRef span) const;
  /// Peers of a communication kernel. Where its arguments name group and sequence, only kernels
  /// that name the same; else by order, and then only when every process of the same program has
  /// the same number of them.
  Peers find_peers(const Trace& trace, SpanRef span) const;
  /// The spans of find_peers().
  std::vector<SpanRef> peers(const Trace& trace, SpanRef span) const {
    return find_peers(trace, span).spans;
  }

 private:
  /// Occurrences of one collective, by process, in order of start.
  using Occurrences = std::vector<std::vector<std::pair<TimeNs, SpanRef>>>;

  LaunchIndex launches_;
  std::unordered_map<StringId, Occurrences> by_name_;  ///< kernels without group and sequence
  std::unordered_map<std::string, Occurrences> by_sequence_;
};

}  // namespace moescope
