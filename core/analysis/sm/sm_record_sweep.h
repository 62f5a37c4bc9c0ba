// SM allocation from recorded blocks, by a sweep that can be rewound.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/sm/sm_moments.h"
#include "core/progress.h"

namespace moescope {

/// A block comes to an SM or leaves it.
struct SmMark {
  TimeNs time = 0;
  std::uint32_t sm = 0;
  SpanClass span_class = SpanClass::OtherCompute;
  std::int8_t delta = 0;        ///< 1 or -1
  bool unknown_kernel = false;  ///< the block belongs to no kernel of the trace
};

/// Sweeps over marks: an SM belongs to communication while any communication block is on it, else
/// to compute while any block is. Keeps some moments to go back to when marks before the end are
/// added, so that a growing trace is not swept from its start again. The result is the same as that
/// of one sweep over all marks.
class SmRecordSweep {
 public:
  /// `device` has key, method, SM count and range of the result. `goes_back`: rewind() will be
  /// called.
  SmRecordSweep(SmAllocation device, std::size_t max_steps, bool goes_back);

  /// Goes back to a kept moment at or before `time` and extends the range to `range_end`. Returns
  /// that moment: all marks at or after it must be added again.
  TimeNs rewind(TimeNs time, TimeNs range_end);
  /// Takes marks inside the range and not before the moment of the last rewind(), in any order.
  /// Throws Cancelled.
  void run(std::vector<SmMark> marks, const Progress& progress);
  /// The result up to the end of the range.
  SmAllocation result() const& { return finish(at_.now, at_.steps); }
  /// The same for a finished sweep; moves the steps instead of copying them.
  SmAllocation result() && { return finish(std::move(at_.now), std::move(at_.steps)); }

 private:
  using Blocks = std::array<int, kSpanClassCount>;  ///< on one SM, by class

  /// The state at a moment, without the steps before it.
  struct Moment {
    TimeNs time = 0;
    SmAllocation totals;
    std::vector<Blocks> open;  ///< by SM
    SmStep step;
    std::uint64_t unknown_kernel = 0;  ///< blocks that belong to no kernel of the trace
    std::uint64_t beyond_count = 0;    ///< blocks on an SM that the device does not have
    SmSteps::Point steps;
  };

  static Moment first(SmAllocation device);
  static SmAllocation finish(Moment end, SmSteps steps);
  static int owner(const Blocks& blocks);
  void take(const SmMark& mark);
  void count(int span_class, int delta);
  static void close(Moment& at, SmSteps& steps, TimeNs until);

  SmMoments<Moment> at_;
};

}  // namespace moescope
