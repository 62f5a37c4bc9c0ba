// The overlap ribbon of a device: compute only, both, communication only, idle, at every zoom.
#pragma once

#include <array>
#include <vector>

#include "core/analysis/overlap.h"
#include "views/timeline/pixel_math.h"

namespace moescope {

enum class RibbonState : std::uint8_t { Idle, ComputeOnly, Both, Exposed };

/// Shares of one column's time; the rest is idle. Memory copies are no part of the ribbon.
struct RibbonShares {
  float compute = 0, both = 0, exposed = 0;
};

/// When a device computes, communicates, or does both.
class Ribbon {
 public:
  Ribbon() = default;
  explicit Ribbon(const DeviceActivity& activity);

  /// Exact shares for every column of `map`; costs columns, not intervals.
  void columns(const PixelMap& map, std::vector<RibbonShares>& shares) const;
  RibbonState at(TimeNs time) const;
  /// The stretch of one state around `time`.
  TimeRange stretch(TimeNs time) const;
  /// ns of each state in [begin, end), indexed by RibbonState; Idle is not filled.
  std::array<TimeNs, 4> within(TimeRange window) const;
  bool empty() const { return begins_.empty(); }

 private:
  std::size_t segment(TimeNs time) const;  ///< index of the segment that holds `time`
  std::array<TimeNs, 4> until(TimeNs time, std::size_t segment) const;

  // Segment i is [begins_[i], begins_[i + 1]) in states_[i]; the last one is idle without end.
  std::vector<TimeNs> begins_;
  std::vector<RibbonState> states_;
  std::vector<std::array<TimeNs, 4>> sums_;  ///< ns of each state before segment i
};

}  // namespace moescope
