// Collecting the steps of an SM allocation in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/analysis/sm_allocation.h"

namespace moescope {

/// Takes what is held over time, in order, and merges equal neighbours. Beyond `limit` steps it
/// keeps means over cells of a fixed length instead, rounded to whole SMs; figures that must be
/// exact are not made from steps.
class SmSteps {
 public:
  SmSteps(TimeRange range, std::size_t limit) : range_(range), limit_(limit) {}

  /// `step` holds from step.begin to `end`; begins where the one before ended.
  void add(const SmStep& step, TimeNs end);
  /// Length of the cells, 0 while every step is exact.
  TimeNs cell() const { return cell_; }
  /// All steps; nothing may be added afterwards.
  std::vector<SmStep> take();

 private:
  using Sums = std::array<std::int64_t, kSpanClassCount>;  ///< SM x ns

  void push(const SmStep& step);
  void coarsen();
  void average(const SmStep& step, TimeNs end);
  void close_cell();

  TimeRange range_;
  std::size_t limit_;
  std::vector<SmStep> steps_;
  TimeNs end_ = 0;  ///< of the last step
  TimeNs cell_ = 0, cell_begin_ = 0, filled_ = 0;
  Sums sums_{};
};

}  // namespace moescope
