// Collecting the steps of an SM allocation in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"

namespace moescope {

/// Takes what is held over time, in order, and merges equal neighbours. Beyond `limit` steps it
/// keeps means over cells of a fixed length instead, rounded to whole SMs; figures that must be
/// exact are not made from steps. Cells are a power of two ns long, so that a growing range rarely
/// has to change them.
class SmSteps {
  using Sums = std::array<std::int64_t, kSpanClassCount>;  ///< SM x ns

 public:
  SmSteps(TimeRange range, std::size_t limit) : range_(range), limit_(limit) {}

  /// A moment while steps are added.
  struct Point {
    std::size_t steps = 0;
    TimeNs end = 0;
    TimeNs cell = 0, cell_begin = 0, filled = 0;
    Sums sums{};
  };
  Point point() const { return {steps_.size(), end_, cell_, cell_begin_, filled_, sums_}; }
  /// Drops what was added since `point`; false when earlier steps have been averaged in the
  /// meantime, so that they cannot be restored.
  bool restore(const Point& point);
  /// Moves the end of the range. False when that makes the cells longer, so that all steps have to
  /// be added again.
  bool extend(TimeNs end);

  /// `step` holds from step.begin to `end`; begins where the one before ended.
  void add(const SmStep& step, TimeNs end);
  /// Length of the cells, 0 while every step is exact.
  TimeNs cell() const { return cell_; }
  /// Returns all steps; nothing may be added afterwards.
  std::vector<SmStep> take();

 private:
  TimeNs cell_length() const;
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
