#include "core/analysis/spans/intervals.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/sort_runs.h"

namespace moescope {

namespace {

constexpr auto begins_before = [](const TimeRange& a, const TimeRange& b) {
  return a.begin < b.begin;
};

/// Ranges that touch or overlap, in the order of their begins, become one.
std::vector<TimeRange> joined(const std::vector<TimeRange>& ordered) {
  std::vector<TimeRange> result;
  result.reserve(ordered.size());
  for (const auto& range : ordered) {
    if (!result.empty() && range.begin <= result.back().end)
      result.back().end = std::max(result.back().end, range.end);
    else
      result.push_back(range);
  }
  return result;
}

}  // namespace

IntervalSet IntervalSet::union_of(std::vector<TimeRange> intervals) {
  std::erase_if(intervals, [](const TimeRange& i) { return i.empty(); });
  sort_runs(intervals, begins_before);
  IntervalSet result;
  result.intervals_ = joined(intervals);
  return result;
}

TimeNs IntervalSet::length() const {
  TimeNs total = 0;
  for (const auto& interval : intervals_) total += interval.length();
  return total;
}

IntervalSet IntervalSet::intersect(const IntervalSet& other) const {
  IntervalSet result;
  auto a = intervals_.begin(), b = other.intervals_.begin();
  while (a != intervals_.end() && b != other.intervals_.end()) {
    const TimeRange common{std::max(a->begin, b->begin), std::min(a->end, b->end)};
    if (!common.empty()) result.intervals_.push_back(common);
    (a->end < b->end ? a : b)++;
  }
  return result;
}

IntervalSet IntervalSet::subtract(const IntervalSet& other) const {
  IntervalSet result;
  auto b = other.intervals_.begin();
  for (TimeRange left : intervals_) {
    while (b != other.intervals_.end() && b->end <= left.begin) ++b;
    for (auto cut = b; cut != other.intervals_.end() && cut->begin < left.end; ++cut) {
      if (cut->begin > left.begin) result.intervals_.push_back({left.begin, cut->begin});
      left.begin = std::max(left.begin, cut->end);
    }
    if (!left.empty()) result.intervals_.push_back(left);
  }
  return result;
}

IntervalSet IntervalSet::unite(const IntervalSet& other) const {
  std::vector<TimeRange> all;
  all.reserve(intervals_.size() + other.intervals_.size());
  std::merge(intervals_.begin(), intervals_.end(), other.intervals_.begin(), other.intervals_.end(),
             std::back_inserter(all), begins_before);
  IntervalSet result;
  result.intervals_ = joined(all);
  return result;
}

IntervalSet IntervalSet::clip(TimeRange window) const {
  IntervalSet result;
  auto it = std::partition_point(intervals_.begin(), intervals_.end(),
                                 [&](const TimeRange& i) { return i.end <= window.begin; });
  for (; it != intervals_.end() && it->begin < window.end; ++it)
    result.intervals_.push_back({std::max(it->begin, window.begin), std::min(it->end, window.end)});
  return result;
}

IntervalSet IntervalSet::from(TimeNs time) const {
  return clip({time, std::numeric_limits<TimeNs>::max()});
}

void IntervalSet::add(std::vector<TimeRange> intervals) {
  std::erase_if(intervals, [](const TimeRange& i) { return i.empty(); });
  if (intervals.empty()) return;
  const TimeNs first = std::min_element(intervals.begin(), intervals.end(), [](auto& a, auto& b) {
                         return a.begin < b.begin;
                       })->begin;
  const auto tail =
      std::partition_point(intervals_.begin(), intervals_.end(),
                           [&](const TimeRange& interval) { return interval.end < first; });
  intervals.insert(intervals.end(), tail, intervals_.end());
  intervals_.erase(tail, intervals_.end());
  const IntervalSet united = union_of(std::move(intervals));
  intervals_.insert(intervals_.end(), united.intervals_.begin(), united.intervals_.end());
}

}  // namespace moescope
