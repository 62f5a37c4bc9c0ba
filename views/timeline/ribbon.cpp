#include "views/timeline/ribbon.h"

#include <algorithm>

namespace moescope {
namespace {

RibbonState state_of(bool compute, bool comm) {
  if (compute) return comm ? RibbonState::Both : RibbonState::ComputeOnly;
  return comm ? RibbonState::Exposed : RibbonState::Idle;
}

/// Walks the edges of one interval set.
struct Edges {
  const std::vector<TimeRange>& intervals;
  std::size_t edge = 0;  ///< even: next is a begin, odd: next is an end
  bool inside() const { return edge % 2 == 1; }
  TimeNs next() const {
    if (edge / 2 >= intervals.size()) return std::numeric_limits<TimeNs>::max();
    const auto& interval = intervals[edge / 2];
    return inside() ? interval.end : interval.begin;
  }
};

}  // namespace

Ribbon::Ribbon(const DeviceActivity& activity) {
  Edges compute{activity.compute.intervals()}, comm{activity.comm.intervals()};
  std::array<TimeNs, 4> sum{};
  constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();
  for (TimeNs at = std::min(compute.next(), comm.next()); at != kNever;
       at = std::min(compute.next(), comm.next())) {
    while (compute.next() == at) ++compute.edge;
    while (comm.next() == at) ++comm.edge;
    if (!begins_.empty()) sum[static_cast<std::size_t>(states_.back())] += at - begins_.back();
    begins_.push_back(at);
    states_.push_back(state_of(compute.inside(), comm.inside()));
    sums_.push_back(sum);
  }
}

std::size_t Ribbon::segment(TimeNs time) const {
  const auto it = std::upper_bound(begins_.begin(), begins_.end(), time);
  return static_cast<std::size_t>(it - begins_.begin());  // one past; 0 = before all
}

std::array<TimeNs, 4> Ribbon::until(TimeNs time, std::size_t past) const {
  if (past == 0) return {};
  auto sum = sums_[past - 1];
  const auto state = states_[past - 1];
  if (state != RibbonState::Idle) sum[static_cast<std::size_t>(state)] += time - begins_[past - 1];
  return sum;
}

RibbonState Ribbon::at(TimeNs time) const {
  const std::size_t past = segment(time);
  return past == 0 ? RibbonState::Idle : states_[past - 1];
}

TimeRange Ribbon::stretch(TimeNs time) const {
  const std::size_t past = segment(time);
  return {past == 0 ? std::numeric_limits<TimeNs>::min() : begins_[past - 1],
          past == begins_.size() ? std::numeric_limits<TimeNs>::max() : begins_[past]};
}

std::array<TimeNs, 4> Ribbon::within(TimeRange window) const {
  auto from = until(window.begin, segment(window.begin));
  auto to = until(window.end, segment(window.end));
  for (std::size_t i = 0; i < to.size(); ++i) to[i] -= from[i];
  return to;
}

void Ribbon::columns(const PixelMap& map, std::vector<RibbonShares>& shares) const {
  shares.assign(static_cast<std::size_t>(map.width()), {});
  if (empty()) return;
  std::size_t past = segment(map.range().begin);
  auto before = until(map.range().begin, past);
  TimeNs from = map.range().begin;
  for (int column = 0; column < map.width(); ++column) {
    const TimeNs to = column + 1 == map.width() ? map.range().end : map.edge(column + 1);
    if (to <= from) {  // less than 1 ns a column: the state at its begin fills it
      auto& share = shares[static_cast<std::size_t>(column)];
      const auto state = at(map.time(column));
      share.compute = state == RibbonState::ComputeOnly;
      share.both = state == RibbonState::Both;
      share.exposed = state == RibbonState::Exposed;
      continue;
    }
    past = static_cast<std::size_t>(
        std::upper_bound(begins_.begin() + static_cast<std::ptrdiff_t>(past), begins_.end(), to) -
        begins_.begin());
    const auto after = until(to, past);
    const auto share_of = [&](RibbonState state) {
      const auto i = static_cast<std::size_t>(state);
      return static_cast<float>(static_cast<double>(after[i] - before[i]) /
                                static_cast<double>(to - from));
    };
    shares[static_cast<std::size_t>(column)] = {share_of(RibbonState::ComputeOnly),
                                                share_of(RibbonState::Both),
                                                share_of(RibbonState::Exposed)};
    before = after;
    from = to;
  }
}

}  // namespace moescope
