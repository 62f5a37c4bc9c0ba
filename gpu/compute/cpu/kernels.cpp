#include "gpu/compute/cpu/kernels.h"

#include <cmath>
#include <cstring>

#include "gpu/compute/moe_steps.h"

namespace moescope::runtime::cpu {
namespace {

using Lanes = float __attribute__((vector_size(16)));

inline Lanes load(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// Rows x Cols dot products at once. Each has the sums that dot() makes, in the same order, so the
/// shape of a block is invisible in the result.
template <int Rows, int Cols>
inline void dots(const float* const (&a)[Rows], const float* const (&b)[Cols], int n,
                 float (&out)[Rows][Cols]) {
  Lanes low[Rows][Cols] = {}, high[Rows][Cols] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int c = 0; c < Cols; ++c) {
      const Lanes bl = load(b[c] + i), bh = load(b[c] + i + 4);
      for (int r = 0; r < Rows; ++r) {
        low[r][c] += load(a[r] + i) * bl;
        high[r][c] += load(a[r] + i + 4) * bh;
      }
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int c = 0; c < Cols; ++c) {
      float lane[8];
      std::memcpy(lane, &low[r][c], 16);
      std::memcpy(lane + 4, &high[r][c], 16);
      for (int k = i; k < n; ++k) lane[k - i] += a[r][k] * b[c][k];
      out[r][c] =
          ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    }
}

template <int Rows>
void linear_rows(const float* x, const MatrixView& w, float* y) {
  const float* a[Rows];
  for (int r = 0; r < Rows; ++r) a[r] = x + static_cast<std::size_t>(r) * w.cols;
  const auto put = [&](int r, int column, float value) {
    y[static_cast<std::size_t>(r) * w.rows + column] = value;
  };
  int c = 0;
  for (; c + 2 <= w.rows; c += 2) {
    const float* const b[2] = {w.row(c), w.row(c + 1)};
    float out[Rows][2];
    dots<Rows, 2>(a, b, w.cols, out);
    for (int r = 0; r < Rows; ++r) {
      put(r, c, out[r][0]);
      put(r, c + 1, out[r][1]);
    }
  }
  if (c < w.rows) {
    const float* const b[1] = {w.row(c)};
    float out[Rows][1];
    dots<Rows, 1>(a, b, w.cols, out);
    for (int r = 0; r < Rows; ++r) put(r, c, out[r][0]);
  }
}

}  // namespace

float dot(const float* a, const float* b, int n) {
  const float* const rows[1] = {a};
  const float* const cols[1] = {b};
  float out[1][1];
  dots<1, 1>(rows, cols, n, out);
  return out[0][0];
}

void linear(const float* x, int begin, int end, const MatrixView& w, float* y) {
  const auto in = static_cast<std::size_t>(w.cols), out = static_cast<std::size_t>(w.rows);
  int r = begin;
  for (; r + 2 <= end; r += 2)
    linear_rows<2>(x + static_cast<std::size_t>(r) * in, w, y + static_cast<std::size_t>(r) * out);
  if (r < end)
    linear_rows<1>(x + static_cast<std::size_t>(r) * in, w, y + static_cast<std::size_t>(r) * out);
}

void rms_norm(const float* x, int n, const float* weight, double eps, float* y) {
  const double mean = static_cast<double>(dot(x, x, n)) / n;
  const auto factor = static_cast<float>(1.0 / std::sqrt(mean + eps));
  for (int i = 0; i < n; ++i) y[i] = x[i] * factor * weight[i];
}

void add_scaled(float a, const float* x, int n, float* y) {
  for (int i = 0; i < n; ++i) y[i] += a * x[i];
}

void silu_multiply(float* gate, const float* up, int n) {
  for (int i = 0; i < n; ++i) gate[i] = swiglu_value(gate[i], up[i]);
}

void softmax(float* scores, int n) {
  softmax_row(OneLane(), scores, n);
}

}  // namespace moescope::runtime::cpu
