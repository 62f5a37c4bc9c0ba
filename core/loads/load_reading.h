// What the user specifies about loads whose content is ambiguous.
#pragma once

#include <optional>

namespace moescope {

struct LoadReading {
  /// Arrays of integers may be counts of tokens, or routes: the experts of each token.
  enum class Arrays { FromContent, Counts, Routes };
  Arrays arrays = Arrays::FromContent;
  std::optional<int> top_k;    ///< experts of a token in one layer
  std::optional<int> layers;   ///< of the model, as the array has them
  std::optional<int> experts;  ///< logical experts of a layer, for routes
  bool in_order = false;       ///< the windows are in the order of time
};

}  // namespace moescope
