#include "gpu/engine/device/device_model.h"

namespace moescope::runtime {

DeviceModel::DeviceModel(Device& device, std::shared_ptr<const Model> model)
    : model_(std::move(model)), memory_(device.memory()) {
  const ModelWeights& weights = model_->weights;
  embedding = put(weights.embedding);
  final_norm = put(weights.final_norm);
  head = weights.head.data.empty() ? embedding : put(weights.head);
  for (const LayerWeights& layer : weights.layers) layers_.push_back(put(layer));
}

MatrixView DeviceModel::put(const Matrix& matrix) {
  if (matrix.data.empty()) return {};
  return {matrix.rows, matrix.cols, memory_->array_of(matrix.data)};
}

const MlpView* DeviceModel::put(const Mlp& mlp) {
  if (mlp.data.empty()) return nullptr;
  return memory_->array_of(
      std::vector<MlpView>{MlpView(mlp.width, mlp.hidden, memory_->array_of(mlp.data))});
}

DeviceLayer DeviceModel::put(const LayerWeights& weights) {
  DeviceLayer layer;
  layer.attention_norm = put(weights.attention_norm);
  layer.mlp_norm = put(weights.mlp_norm);
  layer.q_a = put(weights.mla.q_a);
  layer.q_a_norm = put(weights.mla.q_a_norm);
  layer.q_b = put(weights.mla.q_b);
  layer.kv_a = put(weights.mla.kv_a);
  layer.kv_a_norm = put(weights.mla.kv_a_norm);
  layer.kv_b = put(weights.mla.kv_b);
  layer.q = put(weights.gqa.q);
  layer.k = put(weights.gqa.k);
  layer.v = put(weights.gqa.v);
  layer.q_norm = put(weights.gqa.q_norm);
  layer.k_norm = put(weights.gqa.k_norm);
  layer.o = put(model_->config.attention == AttentionKind::Mla ? weights.mla.o : weights.gqa.o);
  layer.router = put(weights.router);
  layer.router_bias = put(weights.router_bias);
  layer.dense = put(weights.dense);
  layer.shared = put(weights.shared);
  return layer;
}

}  // namespace moescope::runtime
