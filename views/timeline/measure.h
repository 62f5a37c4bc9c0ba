// Measuring between two points in time.
#pragma once

#include <optional>

#include "core/trace/types.h"

namespace moescope {

/// Off, waiting for the first point, waiting for the second, or showing both.
class Measure {
 public:
  bool active() const { return active_; }
  void start();
  void stop();
  /// The pointer is at `time`: moves the point that is not fixed yet.
  void moveTo(TimeNs time);
  /// Fixes the next point; the third starts over.
  void fix(TimeNs time);
  bool complete() const { return fixed_ == 2; }
  int fixedPoints() const { return fixed_; }

  std::optional<TimeNs> first() const { return first_; }
  std::optional<TimeNs> second() const { return second_; }
  /// Distance from the first to the second point, negative when the second is earlier.
  std::optional<TimeNs> distance() const;

 private:
  bool active_ = false;
  int fixed_ = 0;
  std::optional<TimeNs> first_, second_;
};

}  // namespace moescope
