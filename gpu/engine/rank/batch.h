// Input and output of one step of a unit.
#pragma once

#include <cstdint>
#include <vector>

#include "gpu/base/span_record.h"
#include "gpu/base/step_loads.h"
#include "gpu/compute/operators.h"

namespace moescope::runtime {

/// Rows of one micro-batch of the ranks that share an attention (one rank without tensor
/// parallelism). The sequences live until the step is over.
struct MicroBatch {
  std::vector<int> tokens;
  std::vector<TokenRow> rows;
  std::vector<std::uint64_t> requests;  ///< of every row; with the position the key of the token
  std::vector<int> sampled;             ///< rows whose logits are wanted, rising
  /// Experts of every row, [MoE layer][top_k] each; empty: the gate chooses.
  std::vector<const std::uint16_t*> routes;
  /// Which replica of its experts every row goes to, modulo their number; empty: by its key.
  std::vector<int> replicas;
  int size() const { return static_cast<int>(rows.size()); }
  void add(int token, const KvSequence* sequence, int position, std::uint64_t request) {
    tokens.push_back(token);
    rows.push_back({sequence, position});
    requests.push_back(request);
  }
  /// Rows [begin, end) as a batch of their own.
  MicroBatch part(int begin, int end) const {
    MicroBatch result;
    for (int r = begin; r < end; ++r) {
      const auto row = static_cast<std::size_t>(r);
      result.add(tokens[row], rows[row].sequence, rows[row].position, requests[row]);
      if (!routes.empty()) result.routes.push_back(routes[row]);
      if (!replicas.empty()) result.replicas.push_back(replicas[row]);
    }
    for (const int row : sampled)
      if (row >= begin && row < end) result.sampled.push_back(row - begin);
    return result;
  }
};

struct RankInput {
  MicroBatch micro_batches[kMaxMicroBatches];
};

struct RankOutput {
  /// [sampled row][vocab] of each micro-batch, flat.
  std::vector<float> logits[kMaxMicroBatches];
  void append(RankOutput&& next) {
    for (int mb = 0; mb < kMaxMicroBatches; ++mb) {
      auto &to = logits[mb], &from = next.logits[mb];
      if (to.empty())
        to = std::move(from);
      else
        to.insert(to.end(), from.begin(), from.end());
    }
  }
};

}  // namespace moescope::runtime
