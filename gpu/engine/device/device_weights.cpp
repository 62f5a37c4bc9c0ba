// Weights of a unit's experts on a device, and switching them in a change of plan.
#include <stdexcept>

#include "gpu/engine/device/device_unit.h"

namespace moescope::runtime {

/// Gives every member the experts that the first plan gives it.
void DeviceUnit::fill_places(const SlotTable& first) {
  const std::size_t bytes = expert_bytes(0);
  expert_places_ =
      std::make_unique<ExpertPlaces>(*shared_.memory, shared_.group.size, shared_.places, bytes);
  const int per_rank = first.placement.slots_per_rank();
  for (int index = 0; index < shared_.group.size; ++index)
    for (int layer = 0; layer < config().moe_layers(); ++layer)
      for (int slot = 0; slot < per_rank; ++slot) {
        const int expert = first.placement.expert(layer, index * per_rank + slot);
        const Mlp& mlp =
            shared_.model->host()
                .weights.layers[static_cast<std::size_t>(layer + config().dense_layers)]
                .experts[static_cast<std::size_t>(expert)];
        const int place =
            first.places[static_cast<std::size_t>(index)][static_cast<std::size_t>(layer)]
                        [static_cast<std::size_t>(slot)];
        shared_.memory->upload(expert_places_->at(index, place), mlp.data.data(), bytes);
      }
}

std::size_t DeviceUnit::expert_bytes(int) const {
  return 3 * flat(config().hidden, config().expert_width) * sizeof(float);
}

void DeviceUnit::copy_expert(const Move& move, std::size_t begin, std::size_t count) {
  const int by = shared_.group.first + move.to;
  const std::size_t bytes = expert_bytes(move.expert);
  std::byte* here = expert_places_->at(move.to, move.place);
  shared_.memory->copy(here + begin, expert_places_->at(move.from, move.from_place) + begin, count);
  space_.count(by, shared_.group.first + move.from, count, Purpose::Weights);
  if (begin + count < bytes || !shared_.options.faults.arrived) return;
  auto arrived = shared_.memory->values(here, bytes);
  shared_.options.faults.arrived(by, arrived);
  shared_.memory->upload(here, arrived.data(), bytes);
}

Digest DeviceUnit::held_digest(int index, int place, std::size_t bytes) {
  return digest(shared_.memory->values(expert_places_->at(index, place), bytes));
}

void DeviceUnit::stage(SlotTable table) {
  if (table.epoch != epoch_ + 1)
    throw std::invalid_argument("a staged table must be of the next epoch");
  const auto parity = table.epoch % 2;
  tables_[parity] =
      std::make_unique<DeviceTable>(shared_.device, config(), std::move(table), *expert_places_);
}

void DeviceUnit::flip(std::uint64_t epoch) {
  if (epoch % 2 == epoch_ % 2)
    throw std::invalid_argument("a flip changes the parity of the epoch");
  epoch_ = epoch;
  tables_[epoch % 2]->set_epoch(epoch);
  if (device_table().slots_per_rank() != exchange_slots_) make_exchanges();
}

}  // namespace moescope::runtime
