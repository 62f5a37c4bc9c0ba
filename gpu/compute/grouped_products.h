// Products of rows with the matrices of their groups, as cuBLAS takes them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/model/weights.h"

namespace moescope::runtime {

/// y = x W^T for each group, and for each of its matrices. Row-major [rows, in] and [out, in] are
/// column-major [in, rows] and [in, out] there: m = out, n = rows, k = in, W transposed.
struct GroupedProducts {
  std::vector<int> m, n, k;       ///< of every group with rows
  std::vector<int> sizes;         ///< products of every group
  std::vector<const void*> a, b;  ///< W and x of every product
  std::vector<void*> c;           ///< y

  /// `count` matrices of one group, with results `results` floats apart. Groups without rows are
  /// left out.
  void add(std::span<const MatrixView> matrices, const float* x, int rows, float* y,
           std::size_t results);
  int groups() const { return static_cast<int>(sizes.size()); }
};

/// gate x and up x of the experts' rows into gate and up; then down of gate into y. `offsets` on
/// the host.
GroupedProducts up_products(std::span<const MlpView> experts, std::span<const std::int32_t> offsets,
                            const float* x, float* gate, float* up);
GroupedProducts down_products(std::span<const MlpView> experts,
                              std::span<const std::int32_t> offsets, const float* gate, float* y);

}  // namespace moescope::runtime
