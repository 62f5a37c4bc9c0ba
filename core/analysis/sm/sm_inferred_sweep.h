// SM allocation inferred from grid sizes, by a sweep that can be rewound.
#pragma once

#include <utility>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/sm/sm_moments.h"
#include "core/analysis/spans/gpu_span_cursor.h"

namespace moescope {

/// Sweeps over the starts and ends of one device's kernels. Keeps some moments to go back to, as
/// SmRecordSweep does.
class SmInferredSweep {
 public:
  /// `result` has key, SM count and range. `goes_back`: rewind() will be called.
  SmInferredSweep(SmAllocation result, std::size_t max_steps, bool goes_back);

  /// Goes back to a kept moment at or before `time` and extends the range to `range_end`. Returns
  /// that moment: all kernels that start at or after it must be added again.
  TimeNs rewind(TimeNs time, TimeNs range_end);
  /// Takes the span at which `work` stands, if it is a kernel that takes time; in order of start.
  void add(const Trace& trace, const Device& device, const GpuSpanCursor& work,
           const Classification& classes);
  /// The result up to the end of the range.
  SmAllocation result(const Trace& trace, const Device& device) const& {
    return finish(at_.now, at_.steps, trace, device);
  }
  /// The same for a finished sweep; moves the steps instead of copying them.
  SmAllocation result(const Trace& trace, const Device& device) && {
    return finish(std::move(at_.now), std::move(at_.steps), trace, device);
  }

 private:
  struct RunningKernel {
    TimeNs end = 0;
    SpanClass span_class = SpanClass::OtherCompute;
    LaunchId launch = 0;
    int demand = 0;  ///< min(SMs, blocks)
    bool narrow = false;
  };
  /// The state at a moment, without the steps before it.
  struct Moment {
    TimeNs time = 0;
    SmAllocation totals;
    TimeNs at = 0;                       ///< everything before is accounted for
    std::vector<RunningKernel> running;  ///< in order of start
    std::size_t without_launch = 0;
    SmSteps::Point steps;
  };
  class Accounts;
  static Moment first(SmAllocation result);
  static SmAllocation finish(Moment end, SmSteps steps, const Trace& trace, const Device& device);

  SmMoments<Moment> at_;
  TimeNs last_start_ = 0;
  std::size_t since_kept_ = 0;  ///< kernels
};

}  // namespace moescope
