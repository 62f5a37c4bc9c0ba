// Lengths that vary, the same on every run.
#pragma once

#include <cstdint>

#include "core/trace/types.h"

namespace moescope {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  /// `value` with up to one part in `parts` of it added or taken away.
  TimeNs vary(TimeNs value, TimeNs parts) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    const auto spread = static_cast<std::uint64_t>(2 * value / parts + 1);
    return value - value / parts + static_cast<TimeNs>(state_ % spread);
  }

 private:
  std::uint64_t state_;
};

}  // namespace moescope
