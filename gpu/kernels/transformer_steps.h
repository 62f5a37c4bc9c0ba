// What a transformer computes beside attention and experts, as kernels: see
// gpu/comm/exchange/exchange_steps.h for what a step is. Sums have the order of the CPU's
// operators, so that results are the same bits.
#pragma once

#include <cmath>

#include "gpu/base/device_code.h"
#include "gpu/compute/moe_steps.h"
#include "gpu/model/matrix.h"

namespace moescope::runtime {

/// Outputs of a row that the lanes of a worker compute together, one each.
inline constexpr int kLaneOutputs = 32;

/// The product of a and b by one lane, in eight interleaved sums.
MOESCOPE_SHARED inline float lane_dot(const float* a, const float* b, int n) {
  float s[8] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; ++k) s[k] += a[i + k] * b[i + k];
  for (int k = 0; k < 8; ++k)
    if (i + k < n) s[k] += a[i + k] * b[i + k];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// Calls use(row, output) for this lane's part of rows * outputs.
template <typename Lanes, typename Use>
MOESCOPE_LANES void for_outputs(const Lanes& lanes, Share share, int rows, int outputs,
                                const Use& use) {
  const int chunks = (outputs + kLaneOutputs - 1) / kLaneOutputs;
  for (int job = share.first; job < rows * chunks; job += share.step) {
    const int first = job % chunks * kLaneOutputs;
    const int end = first + kLaneOutputs < outputs ? first + kLaneOutputs : outputs;
    for (int i = first + lanes.lane(); i < end; i += lanes.width()) use(job / chunks, i);
  }
}

/// x[row] = the embedding of the row's token.
struct EmbedRows {
  const std::int32_t* tokens = nullptr;
  MatrixView embedding;
  int rows = 0;
  float* x = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, rows, embedding.cols, [&](int row, int i) {
      x[flat(row, embedding.cols) + static_cast<std::size_t>(i)] = embedding.row(tokens[row])[i];
    });
  }
};

/// x += a, or x += a + b.
struct AddRows {
  float* x = nullptr;
  const float* a = nullptr;
  const float* b = nullptr;  ///< nullptr: nothing
  int rows = 0, width = 0;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, rows, width, [&](int row, int i) {
      const std::size_t at = flat(row, width) + static_cast<std::size_t>(i);
      x[at] += b == nullptr ? a[at] : a[at] + b[at];
    });
  }
};

/// RMSNorm: y = x / sqrt(mean(x^2) + eps) * weight. y may be x.
struct NormRows {
  const float* x = nullptr;
  int stride = 0;                       ///< from row to row, of x and y
  const std::int32_t* index = nullptr;  ///< rows of x; nullptr: in order
  int rows = 0, width = 0;
  const float* weight = nullptr;
  double eps = 0;
  float* y = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int row = share.first; row < rows; row += share.step) {
      const float* in = x + flat(index == nullptr ? row : index[row], stride);
      float* out = y + flat(row, stride);
      const float squares = lanes.interleaved_sum(width, [&](int i) { return in[i] * in[i]; });
      const double mean = static_cast<double>(squares) / width;
      const auto factor = static_cast<float>(1.0 / std::sqrt(mean + eps));
      lanes.sync();  // all have read the row
      for (int i = lanes.lane(); i < width; i += lanes.width()) out[i] = in[i] * factor * weight[i];
    }
  }
};

/// y = x W^T.
struct LinearRows {
  const float* x = nullptr;
  int rows = 0;
  MatrixView weight;
  float* y = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, rows, weight.rows, [&](int row, int i) {
      y[flat(row, weight.rows) + static_cast<std::size_t>(i)] =
          lane_dot(x + flat(row, weight.cols), weight.row(i), weight.cols);
    });
  }
};

/// Rows in groups: those of group g are [offsets[g], offsets[g + 1]), which only the device knows.
struct RowGroups {
  const MlpView* mlps = nullptr;          ///< of every group; all of one shape
  const std::int32_t* offsets = nullptr;  ///< nullptr: one group of `rows`
  int groups = 1, rows = 0;

  MOESCOPE_LANES int all_rows() const { return offsets == nullptr ? rows : offsets[groups]; }
  MOESCOPE_LANES const MlpView& mlp(int row) const {
    int group = 0;
    if (offsets != nullptr)
      while (row >= offsets[group + 1]) ++group;
    return mlps[group];
  }
};

/// y = silu(gate x) * up x, each row with the MLP of its group.
struct MlpUp {
  RowGroups groups;
  int hidden = 0, width = 0;
  const float* x = nullptr;
  float* y = nullptr;  ///< [row][width]

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, groups.all_rows(), width, [&](int row, int i) {
      const MlpView& mlp = groups.mlp(row);
      const float* in = x + flat(row, hidden);
      y[flat(row, width) + static_cast<std::size_t>(i)] =
          swiglu_value(lane_dot(in, mlp.gate.row(i), hidden), lane_dot(in, mlp.up.row(i), hidden));
    });
  }
};

/// y = down x, likewise.
struct MlpDown {
  RowGroups groups;
  int hidden = 0, width = 0;
  const float* x = nullptr;  ///< [row][width]
  float* y = nullptr;        ///< [row][hidden]

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, groups.all_rows(), hidden, [&](int row, int i) {
      y[flat(row, hidden) + static_cast<std::size_t>(i)] =
          lane_dot(x + flat(row, width), groups.mlp(row).down.row(i), width);
    });
  }
};

}  // namespace moescope::runtime
