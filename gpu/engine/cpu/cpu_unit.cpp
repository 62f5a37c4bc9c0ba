#include "gpu/engine/cpu/cpu_unit.h"

#include <algorithm>

#include "gpu/comm/exchange/host_exchange.h"
#include "gpu/compute/local_forward.h"
#include "gpu/model/attention_shard.h"

namespace moescope::runtime {

CpuUnit::CpuUnit(const UnitParts& parts) : options_(parts.options) {
  check_unit(parts);
  const ModelConfig& config = parts.model->config;
  const Placement& placement = parts.placement;
  AddressSpace& space = parts.space;
  shared_.rope = std::make_unique<RopeTable>(config.rope, rope_dim(config), options_.max_positions);
  shared_.model = parts.model;
  shared_.tables = {SlotTable::first(placement), SlotTable::first(placement)};
  shared_.epoch = options_.epoch;
  shared_.tables[options_.epoch % 2].epoch = options_.epoch;
  shared_.route_shared = options_.route_shared;
  shared_.active_slots = options_.active_slots;
  shared_.faults = options_.faults;
  shared_.stride = placement.layers() * placement.slots_per_rank() + options_.spare_places;
  shared_.space = &space;
  shared_.group = parts.group;
  shared_.kind = options_.kind;
  if (space.processes() == nullptr || space.processes()->remote() == nullptr)
    shared_.links = std::make_unique<PacedLinks>(parts.group.first, parts.group.size);
  share_attention();
  shared_.operators = cpu_operators(shared_.attention);
  add_exchanges();
  add_caches();
  add_pools();
  add_ranks(parts.logs);
  if (space.processes() != nullptr) {
    space.processes()->barrier();  // all pools are filled
    link_ = std::make_unique<UnitLink>(space);
  }
  apply_budget(options_.budget);
  apply_overlap(options_.overlap);
  start_threads();
}

CpuUnit::~CpuUnit() {
  try {
    if (link_ && link_->leads()) send(UnitCommand::Stop, {});
  } catch (const Aborted&) {  // the others know
  }
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

/// `of_a_member` bytes for the ranks of this unit, none for others.
std::vector<std::size_t> CpuUnit::window_bytes(std::size_t of_a_member) const {
  std::vector<std::size_t> bytes(static_cast<std::size_t>(shared_.space->ranks()));
  const auto first = bytes.begin() + shared_.group.first;
  std::fill(first, first + shared_.group.size, of_a_member);
  return bytes;
}

/// Splits the attention over the ranks of a group.
void CpuUnit::share_attention() {
  const ModelConfig& config = shared_.model->config;
  shared_.groups.tp = options_.tp;
  shared_.attention = attention_shard(config, options_.tp);
  shared_.kv_copies = kv_copies(config, options_.tp);
  if (options_.tp == 1) return;
  for (int index = 0; index < options_.tp; ++index) {
    auto& layers = shared_.shards.emplace_back();
    for (const LayerWeights& layer : shared_.model->weights.layers)
      layers.push_back(attention_shard(config, layer, options_.tp, index));
  }
  for (int mb = 0; mb < options_.micro_batches; ++mb)
    shared_.tensor.push_back(std::make_unique<TensorExchange>(
        *shared_.space, shared_.group, shared_.groups, options_.tp * options_.max_tokens,
        config.hidden, shared_.links.get()));
}

void CpuUnit::add_exchanges() {
  const ModelConfig& config = shared_.model->config;
  const int experts = logical_experts(config, options_.route_shared);
  const ExchangeShape shape{config.hidden, config.top_k + (options_.route_shared ? 1 : 0),
                            options_.max_tokens, shared_.stride};
  const auto mode =
      options_.kind == UnitKind::Prefill ? DispatchMode::PerNode : DispatchMode::Direct;
  for (int mb = 0; mb < options_.micro_batches; ++mb) {
    shared_.exchanges.push_back(host_exchange(
        *shared_.space, {shared_.group, shape, mode, options_.combine}, shared_.links.get()));
    if (options_.active_slots > 0)
      shared_.counts.push_back(
          std::make_unique<CountBoard>(*shared_.space, shared_.group, experts));
  }
  ExchangeShape probe = shape;
  probe.max_tokens = std::min(shape.max_tokens, kProbeRows);
  shared_.probe_exchange =
      host_exchange(*shared_.space, {shared_.group, probe, mode, CombineMode::Ordered});
}

/// Caches of all members in memory that all processes see: the first one hands requests over.
void CpuUnit::add_caches() {
  kv_window_ =
      shared_.space->add_window(window_bytes(KvCache::bytes(shared_.attention, options_.kv_pages)));
  for (int member = 0; member < shared_.group.size; ++member)
    caches_.push_back(
        std::make_unique<KvCache>(shared_.attention, options_.kv_pages,
                                  shared_.space->local(shared_.group.first + member, kv_window_)));
}

/// The pools of all members, in memory that all processes see: the first one copies experts.
void CpuUnit::add_pools() {
  const ModelConfig& config = shared_.model->config;
  const int width = std::max(config.expert_width, shared_.route_shared ? config.shared_width() : 0);
  weights_window_ = shared_.space->add_window(
      window_bytes(WeightPool::bytes(config.hidden, width, shared_.stride)));
  for (int member = 0; member < shared_.group.size; ++member)
    pools_.push_back(std::make_unique<WeightPool>(
        config.hidden, width, shared_.stride,
        shared_.space->local(shared_.group.first + member, weights_window_)));
}

void CpuUnit::add_ranks(std::span<RankLog* const> logs) {
  for (int member = 0; member < shared_.group.size; ++member) {
    const auto m = static_cast<std::size_t>(member);
    if (shared_.space->here(shared_.group.first + member))
      ranks_.push_back(std::make_unique<RankRunner>(shared_, member, *caches_[m], *pools_[m],
                                                    logs.empty() ? nullptr : logs[m]));
  }
}

}  // namespace moescope::runtime
