// The chronological order of the rows of a ring buffer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moescope {

struct RowOrder {
  std::vector<std::size_t> rows;  ///< all of them, those that are used first
  bool known = true;              ///< the used ones are in chronological order
  std::string note;               ///< for the user; may be empty
};

/// SGLang's recorder uses a ring buffer and clears it with a dump, but does not reset the write
/// position: the oldest row is the one after the unused rows, if these are contiguous in the ring.
/// A buffer without unused rows has overflowed, or grows without limit and is in order. When there
/// are zero rows in several places (passes of a draft model), each could be the beginning.
/// @param used whether a row has any count
/// @param in_order the user knows that the rows are in order
RowOrder order_of_rows(const std::vector<bool>& used, bool in_order);

}  // namespace moescope
