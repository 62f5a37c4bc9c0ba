// The overlap ribbon of a device: compute only, both, communication only, idle, at every zoom.
#pragma once

#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "views/plot/axis/pixel_map.h"

namespace moescope {

enum class RibbonState : std::uint8_t { Idle, ComputeOnly, Both, Exposed };

/// Shares of one column's time; the rest is idle. Memory copies are no part of the ribbon.
struct RibbonShares {
  float compute = 0, both = 0, exposed = 0;
};

/// Answers how much time a set of intervals covers, with few bytes beside the intervals.
class CoveredTime {
 public:
  CoveredTime() = default;
  /// `intervals` must outlive it and be as in an IntervalSet.
  explicit CoveredTime(const std::vector<TimeRange>& intervals);
  /// ns covered before `time`.
  TimeNs until(TimeNs time) const;
  bool contains(TimeNs time) const;
  /// The edges nearest to `time`: the last at or before it, the first after it.
  TimeRange edges(TimeNs time) const;
  bool empty() const { return !intervals_ || intervals_->empty(); }

 private:
  /// Intervals that begin at `time` or before.
  std::size_t begun(TimeNs time) const;

  static constexpr std::size_t kBlock = 32;
  const std::vector<TimeRange>* intervals_ = nullptr;
  std::vector<TimeNs> begins_, sums_;  ///< of every kBlock-th interval: its begin, ns before it
};

/// When a device computes, communicates, or does both.
class Ribbon {
 public:
  Ribbon() = default;
  /// `activity` must outlive the ribbon.
  explicit Ribbon(const DeviceActivity& activity);
  Ribbon(const Ribbon&) = delete;
  Ribbon& operator=(const Ribbon&) = delete;

  /// Exact shares for every column of `map`; costs columns, not intervals.
  void columns(const PixelMap& map, std::vector<RibbonShares>& shares) const;
  RibbonState at(TimeNs time) const;
  /// The stretch of one state around `time`.
  TimeRange stretch(TimeNs time) const;
  bool empty() const { return compute_.empty() && comm_.empty(); }

 private:
  struct Covered {
    TimeNs compute = 0, comm = 0, both = 0;
  };
  Covered until(TimeNs time) const {
    return {compute_.until(time), comm_.until(time), both_.until(time)};
  }

  IntervalSet overlap_;
  CoveredTime compute_, comm_, both_;
};

}  // namespace moescope
