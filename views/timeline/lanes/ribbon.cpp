#include "views/timeline/lanes/ribbon.h"

#include <algorithm>

namespace moescope {

CoveredTime::CoveredTime(const std::vector<TimeRange>& intervals) : intervals_(&intervals) {
  begins_.reserve(intervals.size() / kBlock + 1);
  sums_.reserve(intervals.size() / kBlock + 1);
  TimeNs sum = 0;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (i % kBlock == 0) {
      begins_.push_back(intervals[i].begin);
      sums_.push_back(sum);
    }
    sum += intervals[i].length();
  }
}

std::size_t CoveredTime::begun(TimeNs time) const {
  const auto it = std::upper_bound(begins_.begin(), begins_.end(), time);
  if (it == begins_.begin()) return 0;
  const auto block = static_cast<std::size_t>(it - begins_.begin() - 1) * kBlock;
  const auto end = std::min(block + kBlock, intervals_->size());
  std::size_t i = block + 1;
  while (i < end && (*intervals_)[i].begin <= time) ++i;
  return i;
}

TimeNs CoveredTime::until(TimeNs time) const {
  const std::size_t past = empty() ? 0 : begun(time);
  if (past == 0) return 0;
  TimeNs sum = sums_[(past - 1) / kBlock];
  for (std::size_t i = (past - 1) / kBlock * kBlock; i + 1 < past; ++i)
    sum += (*intervals_)[i].length();
  const auto& last = (*intervals_)[past - 1];
  return sum + std::min(time, last.end) - last.begin;
}

bool CoveredTime::contains(TimeNs time) const {
  const std::size_t past = empty() ? 0 : begun(time);
  return past > 0 && time < (*intervals_)[past - 1].end;
}

TimeRange CoveredTime::edges(TimeNs time) const {
  TimeRange found{std::numeric_limits<TimeNs>::min(), std::numeric_limits<TimeNs>::max()};
  if (empty()) return found;
  const std::size_t past = begun(time);
  if (past < intervals_->size()) found.end = (*intervals_)[past].begin;
  if (past == 0) return found;
  const auto& last = (*intervals_)[past - 1];
  if (time < last.end) return last;
  found.begin = last.end;
  return found;
}

Ribbon::Ribbon(const DeviceActivity& activity)
    : overlap_(activity.compute.intersect(activity.comm)),
      compute_(activity.compute.intervals()),
      comm_(activity.comm.intervals()),
      both_(overlap_.intervals()) {}

RibbonState Ribbon::at(TimeNs time) const {
  const bool compute = compute_.contains(time), comm = comm_.contains(time);
  if (compute) return comm ? RibbonState::Both : RibbonState::ComputeOnly;
  return comm ? RibbonState::Exposed : RibbonState::Idle;
}

TimeRange Ribbon::stretch(TimeNs time) const {
  const TimeRange compute = compute_.edges(time), comm = comm_.edges(time);
  return {std::max(compute.begin, comm.begin), std::min(compute.end, comm.end)};
}

void Ribbon::columns(const PixelMap& map, std::vector<RibbonShares>& shares) const {
  shares.assign(static_cast<std::size_t>(map.width()), {});
  if (empty()) return;
  TimeNs from = map.window().begin;
  Covered before = until(from);
  for (int column = 0; column < map.width(); ++column) {
    auto& share = shares[static_cast<std::size_t>(column)];
    const TimeNs to = column + 1 == map.width() ? map.window().end : map.edge(column + 1);
    if (to <= from) {  // less than 1 ns per column: the state at its begin fills it
      const RibbonState state = at(map.time(column));
      share.compute = state == RibbonState::ComputeOnly;
      share.both = state == RibbonState::Both;
      share.exposed = state == RibbonState::Exposed;
      continue;
    }
    const Covered after = until(to);
    const auto part = [&](TimeNs ns) {
      return static_cast<float>(static_cast<double>(ns) / static_cast<double>(to - from));
    };
    const TimeNs both = after.both - before.both;
    share.both = part(both);
    share.compute = part(after.compute - before.compute - both);
    share.exposed = part(after.comm - before.comm - both);
    before = after;
    from = to;
  }
}

}  // namespace moescope
