// Questions that come with the program, to run and to learn from.
#pragma once

#include <span>

namespace moescope {

struct SavedQuery {
  const char* title;
  const char* answers;  ///< what one reads from it, a sentence
  const char* sql;
};
std::span<const SavedQuery> saved_queries();

}  // namespace moescope
