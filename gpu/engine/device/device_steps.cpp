// Steps of a unit on a device: all ranks finish a part of a layer before any starts the next, so
// that none waits for work that is not queued yet.
#include <stdexcept>

#include "core/error.h"
#include "gpu/engine/device/device_unit.h"

namespace moescope::runtime {

void DeviceUnit::follow() {
  throw Error("mpirun", "", "the ranks of a device are in one process");
}

std::vector<RankOutput> DeviceUnit::step(std::span<const RankInput> inputs) {
  return try_step(inputs, *exchange_);
}

std::vector<RankOutput> DeviceUnit::ordered_step(std::span<const RankInput> inputs) {
  return try_step(inputs, *probe_exchange_);
}

std::vector<RankOutput> DeviceUnit::try_step(std::span<const RankInput> inputs,
                                             DeviceExchange& exchange) {
  if (inputs.size() != members_.size())
    throw std::invalid_argument("a step needs input for every attention group");
  if (error_) std::rethrow_exception(error_);
  try {
    return run(inputs, exchange);
  } catch (...) {
    error_ = std::current_exception();
    throw;
  }
}

std::vector<RankOutput> DeviceUnit::run(std::span<const RankInput> inputs,
                                        DeviceExchange& exchange) {
  for (DeviceMember& one : members_) {
    if (shared_.options.faults.step) shared_.options.faults.step(one.rank(), steps_);
    one.begin_step();
  }
  offsets_kept_ = {};
  for (int mb = 0; mb < kMaxMicroBatches; ++mb) run_micro_batch(inputs, mb, exchange);
  shared_.launcher.finish();
  exchange.check();
  count_loads();
  count_traffic(exchange);
  ++steps_;
  std::vector<RankOutput> outputs(inputs.size());
  for (std::size_t index = 0; index < inputs.size(); ++index)
    for (int mb = 0; mb < kMaxMicroBatches; ++mb)
      outputs[index].logits[mb] = members_[index].logits(mb);
  return outputs;
}

/// Nothing when no rank has a row.
void DeviceUnit::run_micro_batch(std::span<const RankInput> inputs, int micro_batch,
                                 DeviceExchange& exchange) {
  int rows = 0;
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    members_[index].begin(inputs[index].micro_batches[micro_batch]);
    rows += members_[index].rows();
  }
  if (rows == 0) return;
  for (int layer = 0; layer < config().layers; ++layer) {
    shared_.launcher.at(steps_, layer, micro_batch);
    for (DeviceMember& one : members_) one.attend(layer);
    if (layer >= config().dense_layers) run_experts(layer, micro_batch, exchange);
  }
  shared_.launcher.at(steps_, -1, micro_batch);
  for (DeviceMember& one : members_) one.head(micro_batch);
  offsets_kept_[static_cast<std::size_t>(micro_batch)] = true;
}

void DeviceUnit::run_experts(int layer, int micro_batch, DeviceExchange& exchange) {
  const int moe = layer - config().dense_layers;
  for (int index = 0; index < shared_.group.size; ++index)
    member(index).gate(layer, device_table().plan(index, moe));
  const StreamId computing =
      shared_.options.kind == UnitKind::Decode ? StreamId::Experts : StreamId::Compute;
  for (const MoeStep& step : kMoeSteps)
    for (int index = 0; index < shared_.group.size; ++index) {
      DeviceMember& one = member(index);
      const MoeDriver driver(one.operators(), exchange);
      if (!driver.has(step.stage)) continue;
      const bool own = step.stage == MoeStage::Send || step.stage == MoeStage::Collect;
      shared_.launcher.set_tokens(own ? one.rows() : 0);
      driver.run(step.stage, index, one.moe(),
                 one.team(step.part == Part::Experts ? computing : StreamId::Communication));
      if (step.stage == MoeStage::Group)
        one.keep_offsets(micro_batch, layer, device_table().slots_per_rank());
    }
}

void DeviceUnit::count_loads() {
  const auto layers = static_cast<std::size_t>(config().moe_layers());
  const int slots = device_table().slots_per_rank();
  loads_.logical.assign(layers,
                        std::vector<std::uint32_t>(static_cast<std::size_t>(config().experts)));
  loads_.physical.assign(
      layers, std::vector<std::uint32_t>(static_cast<std::size_t>(slots * shared_.group.size)));
  for (int index = 0; index < shared_.group.size; ++index)
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto rows = member(index).logical_loads(static_cast<int>(layer));
      for (std::size_t expert = 0; expert < rows.size(); ++expert)
        loads_.logical[layer][expert] += rows[expert];
      for (int mb = 0; mb < kMaxMicroBatches; ++mb) {
        if (!offsets_kept_[static_cast<std::size_t>(mb)]) continue;
        const auto offsets = member(index).offsets(mb, static_cast<int>(layer), slots);
        for (int slot = 0; slot < slots; ++slot)
          loads_.physical[layer][static_cast<std::size_t>(index * slots + slot)] +=
              static_cast<std::uint32_t>(offsets[static_cast<std::size_t>(slot) + 1] -
                                         offsets[static_cast<std::size_t>(slot)]);
      }
    }
}

/// Tells the address space what dispatch and combine have sent since the step before.
void DeviceUnit::count_traffic(DeviceExchange& exchange) {
  for (int index = 0; index < shared_.group.size; ++index) {
    Traffic& before = counted_[&exchange][static_cast<std::size_t>(index)];
    const Traffic now = exchange.traffic(index);
    space_.add_traffic(shared_.group.first + index, now - before);
    before = now;
  }
}

}  // namespace moescope::runtime
