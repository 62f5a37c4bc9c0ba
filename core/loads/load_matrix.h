// Loads as matrices for heatmaps: by layer, expert, GPU and time.
#pragma once

#include <vector>

#include "core/loads/load_set.h"

namespace moescope {

/// Row-major; NaN where nothing is known.
struct LoadMatrix {
  int rows = 0, columns = 0;
  std::vector<double> values;

  LoadMatrix() = default;
  LoadMatrix(int rows_, int columns_);  ///< filled with NaN
  bool empty() const { return values.empty(); }
  double at(int row, int column) const {
    return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                  static_cast<std::size_t>(column)];
  }
  double& at(int row, int column) {
    return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                  static_cast<std::size_t>(column)];
  }
};

LoadMatrix layer_by_expert(const LayerLoads& loads);
/// Tokens of each GPU, [GPU][layer], equally split over replicas or by the plan's weights.
LoadMatrix gpu_by_layer(const LayerLoads& loads, const Plan& plan);
/// Tokens of one layer, [expert][window].
LoadMatrix expert_by_window(const LoadSet& loads, int layer, int first, int last);
/// Sums of `size` consecutive rows or columns; size divides their number.
LoadMatrix sum_rows(const LoadMatrix& matrix, int size);
LoadMatrix sum_columns(const LoadMatrix& matrix, int size);

/// A layer (or window) is a row or a column of a matrix.
enum class LayerAxis { Rows, Columns };
/// Each value divided by the mean of its layer; NaN in layers without load.
LoadMatrix relative_to_mean(const LoadMatrix& matrix, LayerAxis axis);
/// Change of each value relative to the mean of its layer: after - before, NaN where either layer
/// has no load. Throws Error when the shapes differ.
LoadMatrix change_of(const LoadMatrix& before, const LoadMatrix& after, LayerAxis axis);

}  // namespace moescope
