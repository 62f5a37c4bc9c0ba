#include "core/random.h"

#include <cmath>

namespace moescope {

const std::array<double, 1024> Random::kExponentials = [] {
  std::array<double, 1024> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = -std::log((static_cast<double>(i) + 0.5) / static_cast<double>(table.size()));
  return table;
}();

}  // namespace moescope
