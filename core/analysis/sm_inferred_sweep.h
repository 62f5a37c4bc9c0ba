// SM allocation inferred from grid sizes: a sweep that can go back and on.
#pragma once

#include <deque>
#include <vector>

#include "core/analysis/gpu_span_cursor.h"
#include "core/analysis/sm_allocation.h"
#include "core/analysis/sm_steps.h"

namespace moescope {

/// Sweeps over the starts and ends of one device's kernels. Keeps some moments to go back to, as
/// SmRecordSweep does.
class SmInferredSweep {
 public:
  /// `result` has key, SM count and range.
  SmInferredSweep(SmAllocation result, std::size_t max_steps);

  /// Goes back to a moment at or before `time`, and on to a range with another end. Tells the
  /// moment: all kernels that start from then on have to be given again.
  TimeNs rewind(TimeNs time, TimeNs range_end);
  /// Takes the span at which `work` stands, if it is a kernel that takes time; in order of start.
  void add(const Trace& trace, const Device& device, const GpuSpanCursor& work,
           const Classification& classes);
  /// The result up to the end of the range.
  SmAllocation result(const Trace& trace, const Device& device) const;

 private:
  struct RunningKernel {
    TimeNs end = 0;
    SpanClass span_class = SpanClass::OtherCompute;
    LaunchId launch = 0;
    int demand = 0;  ///< min(SMs, blocks)
    bool narrow = false;
  };
  /// All that a moment consists of, without the steps before it.
  struct Moment {
    TimeNs time = 0;
    SmAllocation totals;
    TimeNs at = 0;                       ///< everything before is accounted for
    std::vector<RunningKernel> running;  ///< in order of start
    std::size_t without_launch = 0;
    SmSteps::Point steps;
  };
  class Accounts;

  SmSteps steps_;
  Moment now_;
  Moment start_;
  std::deque<Moment> kept_;  ///< by time
  std::size_t max_steps_;
  TimeNs last_start_ = 0;
  std::size_t since_kept_ = 0;  ///< kernels
};

}  // namespace moescope
