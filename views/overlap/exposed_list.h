// Where communication is exposed, in order of time: what the user steps through.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "views/common/document.h"

namespace moescope {

/// One interval in which only communication ran on a device.
struct Exposed {
  DeviceKey key;
  TimeRange range;
};

class ExposedList {
 public:
  /// Those of the devices that `shows` accepts, by start.
  ExposedList() = default;
  ExposedList(const AnalysisResults& analysis, const std::function<bool(const DeviceKey&)>& shows);
  /// Those of one scope: cut to the windows of `scope` on its device.
  ExposedList(const AnalysisResults& analysis, const ScopeOverlap& scope);

  const std::vector<Exposed>& items() const { return items_; }
  /// The first after, or the last before, a time; from the other end when there is none.
  std::optional<Exposed> after(TimeNs time) const;
  std::optional<Exposed> before(TimeNs time) const;
  /// Indices of the longest, longest first.
  std::vector<std::size_t> longest(std::size_t count) const;

 private:
  std::vector<Exposed> items_;
};

}  // namespace moescope
