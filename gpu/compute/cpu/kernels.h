// Plain loops behind the CPU operators. The order of every sum is fixed by its length alone.
#pragma once

#include <cstddef>

#include "gpu/model/weights.h"

namespace moescope::runtime::cpu {

/// Sum of a[i] b[i] in eight interleaved partial sums.
float dot(const float* a, const float* b, int n);
/// y[r, :] = W x[r, :] for rows [begin, end).
void linear(const float* x, int begin, int end, const MatrixView& weight, float* y);
void rms_norm(const float* x, int n, const float* weight, double eps, float* y);
/// y += a x.
void add_scaled(float a, const float* x, int n, float* y);
/// gate[i] = silu(gate[i]) * up[i].
void silu_multiply(float* gate, const float* up, int n);
/// Turns n scores into probabilities in place.
void softmax(float* scores, int n);

}  // namespace moescope::runtime::cpu
