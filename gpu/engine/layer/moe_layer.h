// One MoE layer of all ranks of a unit: the gate, and the stages of MoeDriver, which units drive
// layers by too. It runs the same calls on every device, so that backends can be compared.
#pragma once

#include <memory>
#include <vector>

#include "gpu/engine/layer/moe_device.h"
#include "gpu/engine/placement/placement.h"
#include "gpu/engine/placement/weight_pool.h"
#include "gpu/engine/rank/moe_driver.h"

namespace moescope::runtime {

struct MoeLayerOptions {
  Group group;
  DispatchMode dispatch = DispatchMode::PerNode;
  CombineMode combine = CombineMode::Ordered;
  int max_tokens = 64;  ///< of one rank
  int most_slots = 0;   ///< of one rank, under any plan; 0: as the first plan has
};

/// Rows of one rank, and a key for each by which it chooses among replicas.
struct LayerInput {
  std::vector<float> x;  ///< [row][hidden]
  std::vector<std::uint64_t> keys;
};

struct LayerOutput {
  Routing routing;
  std::vector<float> sum;              ///< [row][hidden]
  std::vector<std::uint32_t> logical;  ///< rows of each expert, from this rank
  std::vector<std::int32_t> physical;  ///< rows of each local slot, from all ranks
};

/// Two slot tables, by parity of the epoch, as a unit has; weights of the next plan go into places
/// that the present one does not use.
class MoeLayer {
 public:
  /// `layer` counts all layers of the model, the plan's those with experts. Throws Error when they
  /// do not fit.
  MoeLayer(MoeDevice& device, std::shared_ptr<const Model> model, int layer,
           const MoeLayerOptions& options, const Placement& placement);

  /// Runs one step; an input for every rank.
  std::vector<LayerOutput> run(const std::vector<LayerInput>& inputs, std::uint32_t step);
  /// Copies the weights of the next plan, then changes to it. Between steps.
  void change_plan(const Placement& next);
  std::uint32_t epoch() const { return epoch_; }
  Exchange& exchange() { return *exchange_; }

 private:
  /// A plan in memory of the device.
  struct Table {
    ReplicaView replicas;
    std::vector<std::vector<MlpView>> weights;  ///< [member][local slot]
    int slots_per_rank = 0;
  };
  /// Memory of a rank.
  struct Rank {
    std::vector<WeightPool> pool;  ///< one, in memory of the device
    float *x = nullptr, *outputs = nullptr, *sum = nullptr;
    std::uint64_t* keys = nullptr;
    RoutingView routing;
    Choice* choices = nullptr;
    std::uint32_t* loads = nullptr;
    MoeRows moe;
    int rows = 0;
  };

  void add_rank();
  void set_table(const Placement& placement, std::uint32_t epoch);
  ReplicaView upload_replicas(const Placement& placement);
  void start(Rank& rank, const LayerInput& input);
  /// Calls call(member, rank, team) for every rank, with its workers of a stream.
  template <typename Call>
  void each(StreamId stream, const Call& call);
  LayerOutput output_of(const Rank& rank);
  const LayerWeights& weights() const {
    return model_->weights.layers[static_cast<std::size_t>(layer_)];
  }

  MoeDevice& device_;
  std::shared_ptr<const Model> model_;
  int layer_, moe_layer_;
  MoeLayerOptions options_;
  std::unique_ptr<Exchange> exchange_;
  RouterView router_;
  std::vector<Rank> ranks_;
  Table tables_[2];
  std::uint32_t epoch_ = 0;
};

}  // namespace moescope::runtime
