#include "core/analysis/spans/event_index.h"

#include <algorithm>

#include "core/sort_runs.h"

namespace moescope {

EventIndex::EventIndex(std::vector<TimeRange> events) : events_(std::move(events)) {
  const auto by_start = [](const TimeRange& a, const TimeRange& b) { return a.begin < b.begin; };
  sort_runs(events_, by_start);
  latest_end_.reserve(events_.size());
  for (const auto& event : events_)
    latest_end_.push_back(latest_end_.empty() ? event.end
                                              : std::max(latest_end_.back(), event.end));
}

std::uint64_t EventIndex::touching(const IntervalSet& windows) const {
  const auto first_from = [&](TimeNs time) {
    const auto it = std::partition_point(events_.begin(), events_.end(),
                                         [&](const TimeRange& e) { return e.begin < time; });
    return static_cast<std::size_t>(it - events_.begin());
  };
  std::uint64_t count = 0;
  std::size_t counted = 0;  // events before it started before the end of the last window
  for (const auto& window : windows.intervals()) {
    const std::size_t inside = first_from(window.begin), after = first_from(window.end);
    count += after - inside;
    // What started in the gap before this window and still ran when it began.
    for (std::size_t i = inside; i-- > counted && latest_end_[i] > window.begin;)
      if (events_[i].end > window.begin) ++count;
    counted = after;
  }
  return count;
}

}  // namespace moescope
