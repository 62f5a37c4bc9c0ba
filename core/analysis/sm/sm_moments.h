// Moments of a sweep over time that it can be rewound to.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <utility>

#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/sm/sm_steps.h"

namespace moescope {

/// The state of a sweep for an SM allocation: the present moment, the steps before it, and some
/// earlier moments. `Moment` is copied and has at least `time` (all before it is taken, nothing
/// from it on), `totals` (an SmAllocation) and `steps` (an SmSteps::Point).
template <typename Moment>
class SmMoments {
 public:
  /// `start` has the range of the result in its totals. Without `goes_back` no moment is kept: a
  /// trace that does not grow is swept once.
  SmMoments(Moment start, std::size_t max_steps, bool goes_back)
      : now(std::move(start)),
        steps(now.totals.range, max_steps),
        max_steps_(max_steps),
        goes_back_(goes_back) {
    now.time = std::numeric_limits<TimeNs>::min();
    start_ = now;
  }

  /// Keeps the present state, at `time`, as a moment to go back to.
  void keep(TimeNs time) {
    if (!goes_back_) return;
    now.time = time;
    now.steps = steps.point();
    kept_.push_back(now);
    if (kept_.size() > kMoments) kept_.pop_front();
  }
  /// Goes back to a kept moment at or before `time` and extends the range to `range_end`; returns
  /// that moment.
  TimeNs rewind(TimeNs time, TimeNs range_end) {
    // What was taken was cut to the end of the range so far, and no moment lies after it.
    while (!kept_.empty() && kept_.back().time > time) kept_.pop_back();
    if (!steps.extend(range_end)) kept_.clear();
    while (!kept_.empty() && !steps.restore(kept_.back().steps)) kept_.pop_back();
    if (kept_.empty()) {
      now = start_;
      steps = SmSteps({now.totals.range.begin, range_end}, max_steps_);
    } else {
      now = kept_.back();
    }
    now.totals.range.end = range_end;
    return now.time;
  }

  Moment now;
  SmSteps steps;  ///< before now

 private:
  static constexpr std::size_t kMoments = 24;
  Moment start_;
  std::deque<Moment> kept_;  ///< by time
  std::size_t max_steps_;
  bool goes_back_;
};

}  // namespace moescope
