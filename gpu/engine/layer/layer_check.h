// Comparing one MoE layer on two backends.
#pragma once

#include <cstdint>
#include <vector>

#include "gpu/engine/layer/moe_layer.h"

namespace moescope::runtime {

/// Random rows for each of `ranks` ranks, at most `most`; the first rank has none.
std::vector<LayerInput> random_inputs(int hidden, int ranks, int most, std::uint64_t seed);

/// How far two outputs of the same input are apart.
struct LayerCheck {
  std::int64_t rows = 0;
  std::int64_t other_choices = 0;  ///< rows for which the gate chose differently
  std::int64_t other_loads = 0;    ///< experts and slots with another number of rows
  double largest = 0;              ///< difference of a sum, relative to the largest of its row
  void add(const std::vector<LayerOutput>& expected, const std::vector<LayerOutput>& found);
  /// Within the tolerance of float products in another order.
  bool passed() const { return other_choices == 0 && other_loads == 0 && largest <= 1e-5; }
};

}  // namespace moescope::runtime
