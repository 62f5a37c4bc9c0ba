// Where communication is exposed, in order of time: what the user steps through.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/analysis/overlap/exposed.h"

namespace moescope {

class ExposedList {
 public:
  ExposedList() = default;
  /// @param items by start
  explicit ExposedList(std::vector<Exposed> items) : items_(std::move(items)) {}

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
