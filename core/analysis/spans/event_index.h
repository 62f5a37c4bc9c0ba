// Counting the events that touch a set of windows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/analysis/spans/intervals.h"

namespace moescope {

/// Events ordered by start; each counts once however many windows it touches.
class EventIndex {
 public:
  EventIndex() = default;
  explicit EventIndex(std::vector<TimeRange> events);

  std::size_t size() const { return events_.size(); }
  std::optional<TimeNs> first_begin() const {
    return events_.empty() ? std::nullopt : std::optional(events_.front().begin);
  }
  /// Events that share time with `windows`; an event without length counts where a window holds its
  /// start.
  std::uint64_t touching(const IntervalSet& windows) const;

 private:
  std::vector<TimeRange> events_;
  std::vector<TimeNs> latest_end_;  ///< of the events up to and with this one
};

}  // namespace moescope
