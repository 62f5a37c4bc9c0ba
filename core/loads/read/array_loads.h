// Arrays of numbers without a word about what they are: counts of tokens, or routes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/loads/load_reading.h"
#include "core/loads/load_set.h"

namespace moescope {

struct NumberArray {
  enum class Type {
    Narrow,  ///< whole numbers of 8 or 16 bits: what vLLM returns routes in
    Int32,   ///< what counts and routes are both kept in
    Other
  };
  std::string source;
  std::string format;              ///< "NPY", "torch tensor"
  std::vector<std::size_t> shape;  ///< two or three sizes
  Type type = Type::Other;
  /// Gives all rows of the last dimension in order, until `use` is false. Called more than once.
  std::function<void(const std::function<bool(std::size_t, std::span<const double>)>&)> rows;
};

/// An array that could be counts as well as routes: the user has to say which.
class AmbiguousArray : public Error {
 public:
  using Error::Error;
};

/// Counts [layer][expert] or [window][layer][expert], or routes [token][layer][top k]: as `reading`
/// says, else by content. Throws AmbiguousArray when it could be either.
LoadSet read_array(const NumberArray& array, const LoadReading& reading);

}  // namespace moescope
