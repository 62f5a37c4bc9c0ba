// A plan in memory of a device: which slots serve an expert, and where the weights of slots are.
#pragma once

#include "gpu/device/device.h"
#include "gpu/engine/device/device_member.h"
#include "gpu/engine/placement/slot_table.h"

namespace moescope::runtime {

/// Where the weights of a place of a member begin.
class ExpertPlaces {
 public:
  /// `bytes` is the size of a place; memory of `places` places for each of `members`.
  ExpertPlaces(Memory& memory, int members, int places, std::size_t bytes);
  std::byte* at(int member, int place) const {
    return pools_[static_cast<std::size_t>(member)] + static_cast<std::size_t>(place) * bytes_;
  }

 private:
  std::vector<std::byte*> pools_;
  std::size_t bytes_;
};

class DeviceTable {
 public:
  DeviceTable(Device& device, const ModelConfig& config, SlotTable table,
              const ExpertPlaces& places);

  const SlotTable& host() const { return table_; }
  int slots_per_rank() const { return table_.placement.slots_per_rank(); }
  void set_epoch(std::uint64_t epoch) { table_.epoch = epoch; }
  LayerPlan plan(int member, int moe_layer) const;

 private:
  ReplicaView put_replicas(int moe_layer);

  SlotTable table_;
  std::unique_ptr<Memory> memory_;
  std::vector<ReplicaView> replicas_;                 ///< [MoE layer]
  std::vector<std::vector<const MlpView*>> experts_;  ///< [member][MoE layer], of its slots
};

}  // namespace moescope::runtime
