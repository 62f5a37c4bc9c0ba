#include "core/loads/load_matrix.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace moescope {
namespace {
using Index = std::size_t;
}

LoadMatrix::LoadMatrix(int rows_, int columns_)
    : rows(rows_),
      columns(columns_),
      values(static_cast<Index>(rows_) * static_cast<Index>(columns_),
             std::numeric_limits<double>::quiet_NaN()) {}

LoadMatrix layer_by_expert(const LayerLoads& loads) {
  if (loads.empty()) return {};
  LoadMatrix m(static_cast<int>(loads.size()), static_cast<int>(loads[0].size()));
  for (int l = 0; l < m.rows; ++l)
    for (int e = 0; e < m.columns; ++e)
      m.at(l, e) = loads[static_cast<Index>(l)][static_cast<Index>(e)];
  return m;
}

LoadMatrix gpu_by_layer(const LayerLoads& loads, const Plan& plan) {
  LoadMatrix m(plan.num_gpus, plan.layers());
  for (int l = 0; l < m.columns; ++l) {
    const auto i = static_cast<Index>(l);
    const auto gpus =
        gpu_loads(plan.physical_to_logical[i], loads[i], plan.num_gpus,
                  plan.replica_weight.empty() ? std::vector<double>() : plan.replica_weight[i]);
    for (int g = 0; g < m.rows; ++g)
      if (!plan.dead(g)) m.at(g, l) = gpus[static_cast<Index>(g)];
  }
  return m;
}

LoadMatrix expert_by_window(const LoadSet& loads, int layer, int first, int last) {
  LoadMatrix m(loads.experts, last - first);
  for (int w = first; w < last; ++w) {
    const auto& row = loads.windows[static_cast<Index>(w)][static_cast<Index>(layer)];
    for (int e = 0; e < m.rows; ++e) m.at(e, w - first) = row[static_cast<Index>(e)];
  }
  return m;
}

LoadMatrix sum_columns(const LoadMatrix& matrix, int size) {
  LoadMatrix m(matrix.rows, matrix.columns / size);
  for (int r = 0; r < m.rows; ++r)
    for (int c = 0; c < m.columns; ++c) {
      double sum = 0;
      for (int i = 0; i < size; ++i) sum += matrix.at(r, c * size + i);
      m.at(r, c) = sum;
    }
  return m;
}

LoadMatrix sum_rows(const LoadMatrix& matrix, int size) {
  LoadMatrix m(matrix.rows / size, matrix.columns);
  for (int r = 0; r < m.rows; ++r)
    for (int c = 0; c < m.columns; ++c) {
      double sum = 0, known = 0;
      for (int i = 0; i < size; ++i) {
        const double value = matrix.at(r * size + i, c);
        if (std::isnan(value)) continue;  // a dead GPU of a node that has others
        sum += value;
        ++known;
      }
      if (known > 0) m.at(r, c) = sum;
    }
  return m;
}

LoadMatrix relative_to_mean(const LoadMatrix& matrix, LayerAxis axis) {
  LoadMatrix m(matrix.rows, matrix.columns);
  const int layers = axis == LayerAxis::Rows ? m.rows : m.columns;
  const int places = axis == LayerAxis::Rows ? m.columns : m.rows;
  const auto row = [axis](int layer, int place) { return axis == LayerAxis::Rows ? layer : place; };
  const auto column = [axis](int layer, int place) {
    return axis == LayerAxis::Rows ? place : layer;
  };
  for (int l = 0; l < layers; ++l) {
    double sum = 0;
    int known = 0;
    for (int p = 0; p < places; ++p) {
      const double value = matrix.at(row(l, p), column(l, p));
      if (std::isnan(value)) continue;
      sum += value;
      ++known;
    }
    if (!(sum > 0)) continue;
    for (int p = 0; p < places; ++p)
      m.at(row(l, p), column(l, p)) = matrix.at(row(l, p), column(l, p)) * known / sum;
  }
  return m;
}

LoadMatrix change_of(const LoadMatrix& before, const LoadMatrix& after, LayerAxis axis) {
  if (before.rows != after.rows || before.columns != after.columns)
    throw Error("", "loads",
                fmt::format("{} x {} values cannot be compared with {} x {}", before.rows,
                            before.columns, after.rows, after.columns));
  const auto from = relative_to_mean(before, axis);
  auto to = relative_to_mean(after, axis);
  for (Index i = 0; i < to.values.size(); ++i) to.values[i] -= from.values[i];
  return to;
}

}  // namespace moescope
