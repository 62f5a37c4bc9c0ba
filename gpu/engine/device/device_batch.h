// The rows of a rank's micro-batch in memory of a device.
#pragma once

#include "gpu/device/device.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/engine/unit/unit_options.h"

namespace moescope::runtime {

class DeviceBatch {
 public:
  DeviceBatch(Memory& memory, const ModelConfig& config, const UnitOptions& options);

  /// Replaces the rows. Throws std::length_error when there are more than it has room for,
  /// std::out_of_range for a token that the model does not know.
  void set(Queue& queue, const MicroBatch& batch);

  int rows() const { return view_.rows; }
  const BatchView& view() const { return view_; }
  const std::int32_t* tokens() const { return tokens_; }
  int sampled() const { return sampled_rows_; }
  const std::int32_t* sampled_index() const { return sampled_; }
  /// Keys by which the rows choose among replicas in a MoE layer.
  const std::uint64_t* keys(int moe_layer) const;
  /// nullptr: by key.
  const std::int32_t* replicas() const { return named_replicas_ ? replicas_ : nullptr; }
  /// Experts that the input names, [row][top_k]; nullptr: the gate chooses.
  const std::int32_t* routes(int moe_layer) const;

 private:
  void set_pages(Queue& queue, const MicroBatch& batch);
  void set_keys(Queue& queue, const MicroBatch& batch);
  void set_routes(Queue& queue, const MicroBatch& batch);

  const ModelConfig& config_;
  int most_rows_;
  std::size_t most_pages_;
  BatchView view_;
  int sampled_rows_ = 0;
  bool named_replicas_ = false, named_routes_ = false;
  std::int32_t *tokens_, *positions_, *first_page_, *pages_, *sampled_, *replicas_, *routes_;
  std::uint64_t* keys_;
};

}  // namespace moescope::runtime
