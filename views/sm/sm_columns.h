// SM steps merged per pixel: time-weighted means, so that a picture costs pixels and not steps.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"

namespace moescope {

/// Mean SMs by class over one pixel column; what is missing to sm_count is free.
struct SmColumn {
  std::array<double, kSpanClassCount> mean{};
  double held() const;
};

/// Answers means over any time range in a bounded number of steps. Keeps a pointer to the steps:
/// the allocation must outlive it.
class SmIntegral {
 public:
  explicit SmIntegral(const SmAllocation& allocation);
  /// One column for each of `count` equal parts of `range`; zero outside the allocation's range.
  std::vector<SmColumn> columns(TimeRange range, int count) const;
  /// The same of columns `width` ns wide from `begin` on: those of pixels end between two ns.
  std::vector<SmColumn> columns(double begin, double width, int count) const;

 private:
  using Sums = std::array<double, kSpanClassCount>;  ///< SM x ns
  Sums until(double time) const;

  static constexpr std::size_t kBlock = 64;
  const SmAllocation* allocation_;
  std::vector<Sums> blocks_;  ///< sum before every kBlock-th step
};

/// The step that holds at `time`; nullopt outside the allocation's range.
std::optional<SmStep> sm_step_at(const SmAllocation& allocation, TimeNs time);

}  // namespace moescope
