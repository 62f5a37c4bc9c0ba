// One rank of a unit on a device: its memory, and what it launches for each part of a layer.
#pragma once

#include <array>

#include "gpu/engine/device/device_batch.h"
#include "gpu/engine/device/device_model.h"
#include "gpu/engine/device/device_operators.h"
#include "gpu/engine/rank/moe_driver.h"

namespace moescope::runtime {

/// What the members of a unit have in common.
struct DeviceShared {
  Device& device;
  std::shared_ptr<const DeviceModel> model;
  UnitOptions options;
  Group group;
  Launcher launcher;
  std::unique_ptr<Memory> memory;
  const float *cos = nullptr, *sin = nullptr;  ///< [position][half] of the rotated part
  int rope_half = 0;
  int places = 0;  ///< for experts, of each member
};

/// Rows of a member in one layer under one plan.
struct LayerPlan {
  ReplicaView replicas;
  std::span<const MlpView> experts;  ///< of the local slots, on the device
  std::uint32_t epoch = 0;
};

class DeviceMember {
 public:
  DeviceMember(DeviceShared& shared, int member);

  int rank() const { return rank_; }
  void set_budget(int workers, int communication);
  Team& team(StreamId stream) { return *teams_[static_cast<std::size_t>(stream)]; }
  const MoeOperators& operators() const { return operators_; }
  int rows() const { return batch_.rows(); }
  MoeRows& moe() { return moe_; }
  /// Its pages, [layer][page][token][width].
  float* cache() const { return cache_; }
  PageBook& pages() { return pages_; }

  /// Forgets what the step before counted.
  void begin_step();
  void begin(const MicroBatch& batch);
  /// Attention and what is around it, up to the input of the MLP; and the MLP of a dense layer.
  void attend(int layer);
  /// Which slots the rows of a MoE layer go to.
  void gate(int layer, const LayerPlan& plan);
  /// Copies where the rows of the layer's experts begin: for loads.
  void keep_offsets(int micro_batch, int layer, int slots);
  void head(int micro_batch);

  /// After the step: [sampled row][vocab], rows of every expert, [micro-batch][slot + 1] offsets.
  std::vector<float> logits(int micro_batch);
  std::vector<std::uint32_t> logical_loads(int moe_layer);
  std::vector<std::int32_t> offsets(int micro_batch, int moe_layer, int slots);

 private:
  template <typename Kernel>
  void run(const Kernel& kernel, SpanName name) {
    shared_.launcher.run(kernel, rank_, name, *teams_[0]);
  }
  const ModelConfig& config() const { return shared_.model->config(); }
  void allocate();
  void enter(int layer);
  void attend_latents(const DeviceLayer& weights, int layer);
  void attend_heads(const DeviceLayer& weights, int layer);
  void normalise_heads(const DeviceLayer& weights);
  void norm(const float* x, int stride, int rows, const MatrixView& weight, double eps, float* y);
  void linear(const float* x, const MatrixView& weight, float* y);
  void rotate(float* x, int stride, int heads, int head_stride, int first);
  void mlp(const MlpView* weights, int width, float* y, SpanName name);
  CacheView cache_of(int layer) const;
  std::size_t offsets_at(int micro_batch, int moe_layer) const;

  DeviceShared& shared_;
  int rank_;
  DeviceBatch batch_;
  DeviceOperators operators_;
  PageBook pages_;
  std::array<std::unique_ptr<DeviceTeam>, kStreams> teams_;
  MoeRows moe_;
  RoutingView routing_;
  Choice* choices_ = nullptr;
  float *x_ = nullptr, *norm_ = nullptr, *part_ = nullptr, *sum_ = nullptr, *shared_sum_ = nullptr;
  float *latent_ = nullptr, *q_ = nullptr, *k_ = nullptr, *v_ = nullptr, *heads_ = nullptr;
  float *activations_ = nullptr, *outputs_ = nullptr, *scratch_ = nullptr, *cache_ = nullptr;
  std::array<float*, kMaxMicroBatches> logits_{};
  std::array<int, kMaxMicroBatches> sampled_{};
  std::uint32_t* loads_ = nullptr;   ///< [MoE layer][expert]
  std::int32_t* offsets_ = nullptr;  ///< [micro-batch][MoE layer][most slots + 1]
};

/// Rows that may come to the experts of a rank.
std::size_t most_arrivals(const ModelConfig& config, const UnitOptions& options,
                          const Group& group);

}  // namespace moescope::runtime
