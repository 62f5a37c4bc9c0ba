// A unit whose ranks are kernels on one device, in one process: all of them share its memory and a
// queue of launches. The host waits for the device once a step.
#pragma once

#include <array>
#include <deque>
#include <map>

#include "gpu/comm/exchange/step_exchange.h"
#include "gpu/engine/device/device_table.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

/// Throws Error for what units on a device cannot do: several processes, tensor parallelism, the
/// shared expert routed, active slots.
void check_device_unit(const UnitOptions& options, bool several_processes);

/// On a device that outlives the unit; units of one model share its weights. Throws Error.
std::unique_ptr<Unit> make_device_unit(const UnitParts& parts, Device& device);

class DeviceUnit final : public Unit {
 public:
  /// `model` may serve several units. Throws Error when the parts do not fit.
  DeviceUnit(const UnitParts& parts, Device& device, std::shared_ptr<const DeviceModel> model);

  const Group& group() const override { return shared_.group; }
  const UnitOptions& options() const override { return shared_.options; }

  // device_steps.cpp
  std::vector<RankOutput> step(std::span<const RankInput> inputs) override;
  std::vector<RankOutput> ordered_step(std::span<const RankInput> inputs) override;
  void follow() override;
  const StepLoads& loads() const override { return loads_; }
  std::uint32_t steps() const override { return steps_; }

  // device_unit.cpp
  /// Micro-batches go one after the other, whatever is asked.
  void set_overlap(bool overlap) override;
  void set_order(DecodeOrder order) override { shared_.options.order = order; }
  WorkerBudget set_budget(WorkerBudget requested) override;
  WorkerBudget granted_budget() const override { return granted_; }
  /// Every step has launches of both sizes.
  WorkerBudget take_observed_budget() override { return granted_; }
  PageBook& pages(int attention_group) override;
  std::size_t page_bytes() const override;
  std::vector<Place> page_places(int member, const KvSequence& sequence) override;
  void fetch_pages(int member, const KvSequence& sequence, std::span<const Place> from) override;

  // device_weights.cpp
  const SlotTable& table() const override { return tables_[epoch_ % 2]->host(); }
  int places() const override { return shared_.places; }
  std::size_t expert_bytes(int expert) const override;
  void copy_expert(const Move& move, std::size_t begin, std::size_t count) override;
  Digest held_digest(int member, int place, std::size_t bytes) override;
  void stage(SlotTable table) override;
  /// Ranks keep copies.
  void share_moved(std::span<const Move>) override {}
  void flip(std::uint64_t epoch) override;

 private:
  using DeviceExchange = StepExchange<Launcher>;

  const ModelConfig& config() const { return shared_.model->config(); }
  DeviceMember& member(int index) { return members_[static_cast<std::size_t>(index)]; }
  const DeviceTable& device_table() const { return *tables_[epoch_ % 2]; }
  void put_rope();
  void add_windows();
  void make_exchanges();
  void fill_places(const SlotTable& first);

  // device_steps.cpp
  std::vector<RankOutput> try_step(std::span<const RankInput> inputs, DeviceExchange& exchange);
  std::vector<RankOutput> run(std::span<const RankInput> inputs, DeviceExchange& exchange);
  void run_micro_batch(std::span<const RankInput> inputs, int micro_batch,
                       DeviceExchange& exchange);
  void run_experts(int layer, int micro_batch, DeviceExchange& exchange);
  void count_loads();
  void count_traffic(DeviceExchange& exchange);

  DeviceShared shared_;
  AddressSpace& space_;
  std::deque<DeviceMember> members_;
  std::unique_ptr<ExpertPlaces> expert_places_;
  std::unique_ptr<DeviceTable> tables_[2];  ///< by parity of the epoch
  std::uint64_t epoch_ = 0;
  WindowId kv_window_ = 0;
  WorkerBudget granted_;
  StepLoads loads_;
  std::uint32_t steps_ = 0;
  std::exception_ptr error_;  ///< of an earlier step

  /// Of the plan in force: their memory is as large as its slots want it.
  std::unique_ptr<Memory> exchange_memory_;
  std::unique_ptr<DeviceExchange> exchange_, probe_exchange_;
  /// Of every exchange and member, what the address space knows.
  std::map<const DeviceExchange*, std::vector<Traffic>> counted_;
  std::array<bool, kMaxMicroBatches> offsets_kept_{};  ///< in this step
  int exchange_slots_ = 0;
};

}  // namespace moescope::runtime
