// The weights of a model in memory of a device, but for those of its routed experts.
#pragma once

#include <memory>
#include <vector>

#include "gpu/device/device.h"
#include "gpu/model/weights.h"

namespace moescope::runtime {

struct DeviceLayer {
  MatrixView attention_norm, mlp_norm;
  MatrixView q_a, q_a_norm, q_b, kv_a, kv_a_norm, kv_b;  ///< MLA; q_a is empty without compression
  MatrixView q, k, v, q_norm, k_norm;                    ///< GQA
  MatrixView o, router, router_bias;
  const MlpView* dense = nullptr;   ///< on the device; nullptr in MoE layers
  const MlpView* shared = nullptr;  ///< likewise, nullptr where there is none
};

/// All members of a unit use one copy. Views hold addresses of the device.
class DeviceModel {
 public:
  DeviceModel(Device& device, std::shared_ptr<const Model> model);

  const ModelConfig& config() const { return model_->config; }
  const Model& host() const { return *model_; }
  const DeviceLayer& layer(int layer) const { return layers_[static_cast<std::size_t>(layer)]; }
  MatrixView embedding, final_norm, head;

 private:
  MatrixView put(const Matrix& matrix);
  const MlpView* put(const Mlp& mlp);
  DeviceLayer put(const LayerWeights& weights);

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Memory> memory_;
  std::vector<DeviceLayer> layers_;
};

}  // namespace moescope::runtime
