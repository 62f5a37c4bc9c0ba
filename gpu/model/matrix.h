// Matrices of float, and views of them that kernels take too.
#pragma once

#include <cstddef>
#include <vector>

#include "gpu/base/device_code.h"

namespace moescope::runtime {

/// Row-major [rows, cols]; a vector is a matrix of one row.
struct Matrix {
  int rows = 0, cols = 0;
  std::vector<float> data;
  const float* row(int r) const { return data.data() + static_cast<std::size_t>(r) * cols; }
};

/// A matrix that lies elsewhere, for example in a pool of expert weights.
struct MatrixView {
  int rows = 0, cols = 0;
  const float* data = nullptr;
  MatrixView() = default;
  MatrixView(int r, int c, const float* d) : rows(r), cols(c), data(d) {}
  MatrixView(const Matrix& m) : rows(m.rows), cols(m.cols), data(m.data.data()) {}
  MOESCOPE_SHARED const float* row(int r) const {
    return data + static_cast<std::size_t>(r) * cols;
  }
};

/// SwiGLU: down(silu(gate x) * up x). gate and up are [width, hidden], down is [hidden, width].
struct MlpView {
  MatrixView gate, up, down;
  MlpView() = default;
  MlpView(MatrixView g, MatrixView u, MatrixView d) : gate(g), up(u), down(d) {}
  /// Of 3 * width * hidden floats: gate, up and down one after the other.
  MlpView(int width, int hidden, const float* data);
};

}  // namespace moescope::runtime
