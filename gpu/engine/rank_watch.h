// Distinguishes a rank that hangs inside a step from one that waits for others, and from one that
// gets no processor.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/node/node_status.h"
#include "gpu/base/thread_state.h"
#include "gpu/comm/memory/activity.h"

namespace moescope::runtime {

/// Looks at the threads of one stream of a rank now and then. It hangs when it has been inside the
/// same part of a step, waiting for nobody, and
///   blocked: for kQuiet no thread of it has run or could have run; or
///   computing: it has used kSpin of processor time, and kLonger times what any of its parts took
///   so far; only once it has a history, since the first parts of a large model take long.
/// A thread that could run but is given no processor is neither, however long that lasts.
class StreamWatch {
 public:
  static constexpr std::int64_t kDoubt = 1'000'000'000;  ///< ns in one part before it is looked at
  static constexpr std::int64_t kQuiet = 2'000'000'000;  ///< ns
  static constexpr double kSpin = 3;                     ///< seconds
  static constexpr double kLonger = 30;                  ///< times the longest part that is over
  static constexpr std::uint64_t kHistory = 32;          ///< parts

  struct Finding {
    HangReason reason = HangReason::Blocked;
    std::int64_t since = 0;  ///< when the part was first seen, ns of the steady clock
  };
  using Look = std::function<std::optional<ThreadState>(std::int64_t thread)>;

  /// `threads`: the stream's own and those of its workers, as they are at a time. `look` queries
  /// the kernel.
  StreamWatch(const Activity& activity, std::function<std::vector<std::int64_t>()> threads,
              Look look);
  std::optional<Finding> look(std::int64_t now);
  /// Time without observation does not count.
  void forget(std::int64_t now);

 private:
  const Activity& activity_;
  std::function<std::vector<std::int64_t>()> threads_;
  Look look_;
  std::uint64_t begun_ = 0;
  std::int64_t since_ = 0, quiet_since_ = 0;
  bool doubted_ = false;
  double used_ = 0, used_at_doubt_ = 0;  ///< processor time of all threads
};

}  // namespace moescope::runtime
