// Arrays of numbers without metadata: counts of tokens, or routes.
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
    Narrow,  ///< integers of 8 or 16 bits, as in vLLM's routes
    Int32,   ///< used for both counts and routes
    Other
  };
  std::string source;
  std::string format;              ///< "NPY", "torch tensor"
  std::vector<std::size_t> shape;  ///< two or three sizes
  Type type = Type::Other;
  /// Passes all rows of the last dimension in order, until `use` returns false. Called more than
  /// once.
  std::function<void(const std::function<bool(std::size_t, std::span<const double>)>&)> rows;
};

/// An array that could be counts or routes: the user has to specify which.
class AmbiguousArray : public Error {
 public:
  using Error::Error;
};

/// Counts [layer][expert] or [window][layer][expert], or routes [token][layer][top k]: as specified
/// by `reading`, else by content. Throws AmbiguousArray when it could be either.
LoadSet read_array(const NumberArray& array, const LoadReading& reading);

}  // namespace moescope
