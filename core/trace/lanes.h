// Sub-lanes: which spans of one track can be drawn on one line.
#pragma once

#include <cstdint>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// Gives each span, in order of start, the first lane that is free: the nesting depth of calls on
/// a thread, a line of its own for kernels that overlap on a stream.
class LaneAssigner {
 public:
  std::uint8_t assign(TimeNs start, TimeNs end) {
    for (std::size_t lane = 0; lane < ends_.size(); ++lane) {
      if (ends_[lane] <= start) {
        ends_[lane] = end;
        return static_cast<std::uint8_t>(lane);
      }
    }
    if (ends_.size() == kMaxLanes) return kMaxLanes - 1;
    ends_.push_back(end);
    return static_cast<std::uint8_t>(ends_.size() - 1);
  }

 private:
  static constexpr std::size_t kMaxLanes = 255;
  std::vector<TimeNs> ends_;
};

}  // namespace moescope
