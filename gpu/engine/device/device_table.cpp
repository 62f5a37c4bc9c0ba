#include "gpu/engine/device/device_table.h"

namespace moescope::runtime {

ExpertPlaces::ExpertPlaces(Memory& memory, int members, int places, std::size_t bytes)
    : bytes_(bytes) {
  for (int member = 0; member < members; ++member)
    pools_.push_back(memory.allocate(static_cast<std::size_t>(places) * bytes));
}

DeviceTable::DeviceTable(Device& device, const ModelConfig& config, SlotTable table,
                         const ExpertPlaces& places)
    : table_(std::move(table)), memory_(device.memory()) {
  for (int layer = 0; layer < config.moe_layers(); ++layer)
    replicas_.push_back(put_replicas(layer));
  for (int member = 0; member < table_.placement.ranks(); ++member) {
    auto& layers = experts_.emplace_back();
    for (const auto& slots : table_.places[static_cast<std::size_t>(member)]) {
      std::vector<MlpView> views;
      for (const int place : slots)
        views.emplace_back(config.expert_width, config.hidden,
                           reinterpret_cast<const float*>(places.at(member, place)));
      layers.push_back(memory_->array_of(views));
    }
  }
}

ReplicaView DeviceTable::put_replicas(int moe_layer) {
  const Placement& placement = table_.placement;
  std::vector<std::int32_t> first = {0}, slots;
  std::vector<double> upto;
  for (int expert = 0; expert < placement.experts(); ++expert) {
    const auto& replicas = placement.replicas(moe_layer, expert);
    const auto& shares = placement.shares(moe_layer, expert);
    slots.insert(slots.end(), replicas.begin(), replicas.end());
    upto.insert(upto.end(), shares.begin(), shares.end());
    first.push_back(static_cast<std::int32_t>(slots.size()));
  }
  return {memory_->array_of(first), memory_->array_of(slots), memory_->array_of(upto)};
}

LayerPlan DeviceTable::plan(int member, int moe_layer) const {
  const auto m = static_cast<std::size_t>(member), layer = static_cast<std::size_t>(moe_layer);
  return {replicas_[layer],
          {experts_[m][layer], static_cast<std::size_t>(slots_per_rank())},
          static_cast<std::uint32_t>(table_.epoch)};
}

}  // namespace moescope::runtime
