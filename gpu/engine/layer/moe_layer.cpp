#include "gpu/engine/layer/moe_layer.h"

#include <fmt/format.h>

#include "core/error.h"

namespace moescope::runtime {

MoeLayer::MoeLayer(MoeDevice& device, std::shared_ptr<const Model> model, int layer,
                   const MoeLayerOptions& options, const Placement& placement)
    : device_(device),
      model_(std::move(model)),
      layer_(layer),
      moe_layer_(layer - model_->config.dense_layers),
      options_(options) {
  const ModelConfig& config = model_->config;
  if (moe_layer_ < 0 || moe_layer_ >= config.moe_layers())
    throw Error("layout", fmt::format("layer {}", layer), "has no experts");
  if (options_.most_slots == 0) options_.most_slots = placement.slots_per_rank();
  exchange_ =
      device_.exchange({options_.group,
                        {config.hidden, config.top_k, options_.max_tokens, options_.most_slots},
                        options_.dispatch,
                        options_.combine});
  Memory& memory = device_.memory();
  const Matrix &router = weights().router, &bias = weights().router_bias;
  router_ = {{router.rows, router.cols, memory.array_of(router.data)},
             bias.data.empty() ? nullptr : memory.array_of(bias.data)};
  for (int member = 0; member < options_.group.size; ++member) add_rank();
  set_table(placement, epoch_);
}

void MoeLayer::add_rank() {
  const ModelConfig& config = model_->config;
  Memory& memory = device_.memory();
  const auto tokens = static_cast<std::size_t>(options_.max_tokens);
  const auto picks = tokens * static_cast<std::size_t>(config.top_k);
  const auto hidden = static_cast<std::size_t>(config.hidden);
  Rank rank;
  const int places = 2 * options_.most_slots;  // those of one plan and of the next
  const std::size_t pool = WeightPool::bytes(config.hidden, config.expert_width, places);
  rank.pool.emplace_back(config.hidden, config.expert_width, places,
                         std::span(memory.allocate(pool), pool));
  rank.x = memory.array<float>(tokens * hidden);
  rank.sum = memory.array<float>(tokens * hidden);
  rank.outputs = memory.array<float>(exchange_->wire().most_rows() * hidden);
  rank.keys = memory.array<std::uint64_t>(tokens);
  rank.routing = {config.top_k, memory.array<std::int32_t>(picks), memory.array<float>(picks)};
  rank.choices = memory.array<Choice>(picks);
  rank.loads = memory.array<std::uint32_t>(static_cast<std::size_t>(config.experts));
  ranks_.push_back(std::move(rank));
}

ReplicaView MoeLayer::upload_replicas(const Placement& placement) {
  std::vector<std::int32_t> first = {0}, slots;
  std::vector<double> upto;
  const int per_rank = placement.slots_per_rank();
  for (int expert = 0; expert < placement.experts(); ++expert) {
    for (const int slot : placement.replicas(moe_layer_, expert))
      slots.push_back(slot / per_rank * options_.most_slots + slot % per_rank);
    const auto& shares = placement.shares(moe_layer_, expert);
    upto.insert(upto.end(), shares.begin(), shares.end());
    first.push_back(static_cast<std::int32_t>(slots.size()));
  }
  Memory& memory = device_.memory();
  return {memory.array_of(first), memory.array_of(slots), memory.array_of(upto)};
}

void MoeLayer::set_table(const Placement& placement, std::uint32_t epoch) {
  const ModelConfig& config = model_->config;
  const int per_rank = placement.slots_per_rank();
  if (placement.ranks() != options_.group.size || placement.experts() != config.experts ||
      placement.layers() <= moe_layer_ || per_rank > options_.most_slots)
    throw Error(
        "layout", "plan",
        fmt::format("is for {} ranks and {} experts with {} slots per rank, the layer has {} "
                    "ranks and {} experts with at most {}",
                    placement.ranks(), placement.experts(), per_rank, options_.group.size,
                    config.experts, options_.most_slots));
  Table& table = tables_[epoch % 2];
  table = {upload_replicas(placement), {}, per_rank};
  const int first_place = static_cast<int>(epoch % 2) * options_.most_slots;
  for (int member = 0; member < options_.group.size; ++member) {
    WeightPool& pool = ranks_[static_cast<std::size_t>(member)].pool.front();
    auto& views = table.weights.emplace_back();
    for (int slot = 0; slot < per_rank; ++slot) {
      const int number = placement.expert(moe_layer_, member * per_rank + slot);
      const Mlp& mlp = weights().experts[static_cast<std::size_t>(number)];
      const auto place = pool.bytes(first_place + slot);
      device_.memory().upload(place.data(), mlp.data.data(), place.size());
      views.push_back(pool.view(first_place + slot, config.expert_width));
    }
  }
}

void MoeLayer::change_plan(const Placement& next) {
  set_table(next, epoch_ + 1);
  ++epoch_;
}

void MoeLayer::start(Rank& rank, const LayerInput& input) {
  rank.rows = static_cast<int>(input.keys.size());
  if (rank.rows > options_.max_tokens || input.x.size() != flat(rank.rows, model_->config.hidden))
    throw Error("layer", "", fmt::format("{} rows do not fit", rank.rows));
  Memory& memory = device_.memory();
  memory.upload(rank.x, input.x.data(), input.x.size() * sizeof(float));
  memory.upload(rank.keys, input.keys.data(), input.keys.size() * sizeof(std::uint64_t));
  const std::vector<std::uint32_t> none(static_cast<std::size_t>(model_->config.experts));
  memory.upload(rank.loads, none.data(), none.size() * sizeof(std::uint32_t));
}

template <typename Call>
void MoeLayer::each(StreamId stream, const Call& call) {
  for (int member = 0; member < options_.group.size; ++member)
    call(member, ranks_[static_cast<std::size_t>(member)], device_.team(member, stream));
}

std::vector<LayerOutput> MoeLayer::run(const std::vector<LayerInput>& inputs, std::uint32_t step) {
  const Table& table = tables_[epoch_ % 2];
  const MoeOperators& operators = device_.operators();
  device_.begin(step, layer_);
  each(StreamId::Compute, [&](int member, Rank& rank, Team& team) {
    start(rank, inputs.at(static_cast<std::size_t>(member)));
    operators.gate(router_, rank.x, rank.rows, rank.routing, team);
    operators.choose_slots(table.replicas, rank.routing, rank.keys, rank.rows, rank.choices,
                           rank.loads, team);
    rank.moe = {rank.x, {rank.choices, rank.rows, rank.routing.top_k}, epoch_};
    rank.moe.experts = table.weights[static_cast<std::size_t>(member)];
    rank.moe.outputs = rank.outputs;
    rank.moe.sum = rank.sum;
  });
  // All ranks finish a stage before any starts the next: on one device none waits for work that is
  // not queued yet.
  const MoeDriver driver(operators, *exchange_);
  for (const MoeStep& moe : kMoeSteps) {
    if (!driver.has(moe.stage)) continue;
    each(
        moe.part == Part::Experts ? StreamId::Compute : StreamId::Communication,
        [&](int member, Rank& rank, Team& team) { driver.run(moe.stage, member, rank.moe, team); });
  }
  device_.finish();
  exchange_->check();
  std::vector<LayerOutput> outputs;
  for (const Rank& rank : ranks_) outputs.push_back(output_of(rank));
  return outputs;
}

LayerOutput MoeLayer::output_of(const Rank& rank) {
  Memory& memory = device_.memory();
  const std::size_t picks = flat(rank.rows, rank.routing.top_k);
  LayerOutput output;
  output.routing = {rank.routing.top_k, memory.values(rank.routing.experts, picks),
                    memory.values(rank.routing.weights, picks)};
  output.sum = memory.values(rank.sum, flat(rank.rows, model_->config.hidden));
  output.logical = memory.values(rank.loads, static_cast<std::size_t>(model_->config.experts));
  const auto slots = static_cast<std::size_t>(tables_[epoch_ % 2].slots_per_rank);
  const auto offsets = memory.values(rank.moe.arrived.offsets, slots + 1);
  for (std::size_t slot = 0; slot < slots; ++slot)
    output.physical.push_back(offsets[slot + 1] - offsets[slot]);
  return output;
}

}  // namespace moescope::runtime
