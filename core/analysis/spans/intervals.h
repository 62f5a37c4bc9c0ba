// Sets of half-open time intervals: union, intersection, difference, length.
#pragma once

#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// Sorted, disjoint, non-touching, non-empty intervals.
class IntervalSet {
 public:
  IntervalSet() = default;
  /// Union of `intervals` in any order; empty and reversed ones are dropped.
  static IntervalSet union_of(std::vector<TimeRange> intervals);

  const std::vector<TimeRange>& intervals() const { return intervals_; }
  bool empty() const { return intervals_.empty(); }
  TimeNs length() const;  ///< sum of lengths, ns
  IntervalSet intersect(const IntervalSet& other) const;
  IntervalSet subtract(const IntervalSet& other) const;
  IntervalSet unite(const IntervalSet& other) const;
  IntervalSet clip(TimeRange window) const;
  /// The part at or after `time`.
  IntervalSet from(TimeNs time) const;
  /// Unites with `intervals` in any order; costs what lies after the first of them, not the whole.
  void add(std::vector<TimeRange> intervals);

 private:
  std::vector<TimeRange> intervals_;
};

}  // namespace moescope
