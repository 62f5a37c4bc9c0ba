#include "gpu/compute/grouped_products.h"

#include <cstddef>

namespace moescope::runtime {
namespace {

std::ptrdiff_t at(int row, int width) {
  return static_cast<std::ptrdiff_t>(row) * width;
}

}  // namespace

void GroupedProducts::add(std::span<const MatrixView> matrices, const float* x, int rows, float* y,
                          std::size_t results) {
  if (rows == 0) return;
  m.push_back(matrices.front().rows);
  n.push_back(rows);
  k.push_back(matrices.front().cols);
  sizes.push_back(static_cast<int>(matrices.size()));
  for (const MatrixView& matrix : matrices) {
    a.push_back(matrix.data);
    b.push_back(x);
    c.push_back(y);
    y += results;
  }
}

GroupedProducts up_products(std::span<const MlpView> experts, std::span<const std::int32_t> offsets,
                            const float* x, float* gate, float* up) {
  GroupedProducts products;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const MatrixView pair[2] = {experts[i].gate, experts[i].up};
    products.add(pair, x + at(offsets[i], pair[0].cols), offsets[i + 1] - offsets[i],
                 gate + at(offsets[i], pair[0].rows), static_cast<std::size_t>(up - gate));
  }
  return products;
}

GroupedProducts down_products(std::span<const MlpView> experts,
                              std::span<const std::int32_t> offsets, const float* gate, float* y) {
  GroupedProducts products;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const MatrixView& down = experts[i].down;
    products.add({&down, 1}, gate + at(offsets[i], down.cols), offsets[i + 1] - offsets[i],
                 y + at(offsets[i], down.rows), 0);
  }
  return products;
}

}  // namespace moescope::runtime
