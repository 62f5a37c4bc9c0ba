// The order in time of the rows of a buffer that was filled in a circle.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moescope {

struct RowOrder {
  std::vector<std::size_t> rows;  ///< all of them, those that are used first
  bool known = true;              ///< the used ones are in the order of time
  std::string note;               ///< what there is to say about it; may be empty
};

/// SGLang's recorder fills its buffer in a circle and clears it with a dump, but goes on where it
/// was: the oldest row is the one behind the unused rows, if these are one stretch of the circle.
/// A buffer without unused rows has overflowed, or grows without limit and is in order; rows that
/// are zero in several places (passes of a draft model) could each be where it begins.
/// @param used whether a row has any count
/// @param in_order the user knows that the rows are in order
RowOrder order_of_rows(const std::vector<bool>& used, bool in_order);

}  // namespace moescope
