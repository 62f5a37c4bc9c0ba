#include "core/loads/read/row_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

/// Where rows are used after one that is not, on the circle.
std::vector<Index> beginnings(const std::vector<bool>& used) {
  std::vector<Index> found;
  for (Index r = 0; r < used.size(); ++r)
    if (used[r] && !used[(r + used.size() - 1) % used.size()]) found.push_back(r);
  return found;
}

}  // namespace

RowOrder order_of_rows(const std::vector<bool>& used, bool in_order) {
  RowOrder order;
  order.rows.resize(used.size());
  std::iota(order.rows.begin(), order.rows.end(), Index{0});
  const auto count = std::count(used.begin(), used.end(), true);
  if (count < 2 || in_order) return order;
  const auto begins = beginnings(used);
  if (begins.size() == 1) {
    std::rotate(order.rows.begin(), order.rows.begin() + static_cast<long>(begins[0]),
                order.rows.end());
    if (!used.front() || !used.back()) return order;
    order.note = fmt::format(
        "a second dump of the same recorder goes on in the middle of its circular buffer: its rows "
        "from {} on come before rows 0..{}",
        begins[0], static_cast<Index>(count) - (used.size() - begins[0]) - 1);
    return order;
  }
  order.known = false;
  order.note =
      begins.empty()
          ? "every row of the recorder's buffer is used: without a limit (buffer size -1) the "
            "windows are in the order of time, but a full ring buffer has its oldest row anywhere, "
            "and the file does not say which it is"
          : fmt::format(
                "zero rows stand in {} places of the recorder's buffer (passes of a draft model, "
                "for "
                "example): its beginning is unknown, so the windows may not be in the order of "
                "time",
                begins.size());
  return order;
}

}  // namespace moescope
