#include "views/overlap/exposed_list.h"

#include <algorithm>
#include <numeric>

namespace moescope {

std::optional<Exposed> ExposedList::after(TimeNs time) const {
  if (items_.empty()) return {};
  const auto it = std::upper_bound(items_.begin(), items_.end(), time,
                                   [](TimeNs t, const Exposed& e) { return t < e.range.begin; });
  return it == items_.end() ? items_.front() : *it;
}

std::optional<Exposed> ExposedList::before(TimeNs time) const {
  if (items_.empty()) return {};
  const auto it = std::lower_bound(items_.begin(), items_.end(), time,
                                   [](const Exposed& e, TimeNs t) { return e.range.begin < t; });
  return it == items_.begin() ? items_.back() : *(it - 1);
}

std::vector<std::size_t> ExposedList::longest(std::size_t count) const {
  std::vector<std::size_t> order(items_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return items_[a].range.length() > items_[b].range.length();
  });
  if (order.size() > count) order.resize(count);
  return order;
}

}  // namespace moescope
