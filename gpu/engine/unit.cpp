#include "gpu/engine/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "core/error.h"
#include "gpu/compute/local_forward.h"
#include "gpu/engine/rank_runner.h"
#include "gpu/engine/tensor_layout.h"
#include "gpu/model/attention_shard.h"

namespace moescope::runtime {
namespace {

int streams_of(UnitKind kind) {
  return kind == UnitKind::Decode ? 3 : 2;
}

void check_layout(const ModelConfig& config, const Group& group, const UnitOptions& options,
                  const Placement& placement) {
  if (group.nodes < 1 || group.size < 1 || group.size % group.nodes != 0)
    throw Error(
        "layout", "",
        fmt::format("{} ranks cannot be spread evenly over {} nodes", group.size, group.nodes));
  if (placement.ranks() != group.size)
    throw Error(
        "layout", "plan",
        fmt::format("the plan is for {} ranks, the unit has {}", placement.ranks(), group.size));
  if (config.moe_layers() > 0 && placement.layers() != config.moe_layers())
    throw Error("layout", "plan",
                fmt::format("the plan has {} layers, the model has {} MoE layers",
                            placement.layers(), config.moe_layers()));
  if (options.micro_batches < 1 || options.micro_batches > kMaxMicroBatches)
    throw Error("layout", "micro-batches", "expected 1 or 2");
  check_tensor_parallel(config, group, options.tp);
}

/// Splits the attention over the ranks of a group.
void share_attention(UnitShared& shared, const UnitOptions& options) {
  const ModelConfig& config = shared.model->config;
  shared.groups.tp = options.tp;
  shared.attention = attention_shard(config, options.tp);
  shared.kv_copies = kv_copies(config, options.tp);
  if (options.tp == 1) return;
  for (int index = 0; index < options.tp; ++index) {
    auto& layers = shared.shards.emplace_back();
    for (const LayerWeights& layer : shared.model->weights.layers)
      layers.push_back(attention_shard(config, layer, options.tp, index));
  }
  for (int mb = 0; mb < options.micro_batches; ++mb)
    shared.tensor.push_back(
        std::make_unique<TensorExchange>(*shared.space, shared.group, shared.groups,
                                         options.tp * options.max_tokens, config.hidden));
}

}  // namespace

struct Unit::State {
  UnitShared shared;
  UnitOptions options;
  WorkerBudget granted;
  std::vector<std::unique_ptr<RankRunner>> ranks;
  Schedule schedule;
  StepLoads loads;
  std::uint32_t steps = 0;

  std::mutex mutex;
  std::condition_variable wake, finished;
  std::uint64_t generation = 0;
  int running = 0;
  bool stopping = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;

  void serve(RankRunner& rank, StreamId stream);
  void fail(std::exception_ptr what);
  void sum_loads();
};

void Unit::State::fail(std::exception_ptr what) {
  {
    std::lock_guard lock(mutex);
    if (!error) error = what;
  }
  shared.space->abort();
  for (const auto& rank : ranks) rank->board().abort();
}

/// A stream of a rank: does its items of every step in order.
void Unit::State::serve(RankRunner& rank, StreamId stream) {
  std::uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return stopping || generation != seen; });
      if (stopping) return;
      seen = generation;
    }
    try {
      for (const Item& item : schedule.streams[static_cast<std::size_t>(stream)]) {
        rank.board().wait_for(item);
        rank.run(stream, item);
        rank.board().done(item);
      }
    } catch (const Aborted&) {
    } catch (...) {
      fail(std::current_exception());
    }
    std::lock_guard lock(mutex);
    if (--running == 0) finished.notify_one();
  }
}

void Unit::State::sum_loads() {
  const auto add = [](std::vector<std::vector<std::uint32_t>>& sum, const auto& part) {
    sum.resize(part.size());
    for (std::size_t layer = 0; layer < part.size(); ++layer) {
      sum[layer].resize(part[layer].size());
      for (std::size_t i = 0; i < part[layer].size(); ++i) sum[layer][i] += part[layer][i];
    }
  };
  loads = {};
  for (const auto& rank : ranks) {
    add(loads.logical, rank->logical_loads());
    add(loads.physical, rank->physical_loads());
  }
}

Unit::Unit(std::shared_ptr<const Model> model, AddressSpace& space, Group group,
           UnitOptions options, const Placement& placement, std::span<RankLog* const> logs)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  const ModelConfig& config = model->config;
  check_layout(config, group, options, placement);
  s.options = options;
  s.shared.rope = std::make_unique<RopeTable>(config.rope, rope_dim(config), options.max_positions);
  s.shared.model = std::move(model);
  s.shared.placement = std::make_unique<Placement>(placement);
  s.shared.space = &space;
  s.shared.group = group;
  s.shared.kind = options.kind;
  share_attention(s.shared, options);
  s.shared.operators = cpu_operators(s.shared.attention);
  const ExchangeShape shape{config.hidden, config.top_k, options.max_tokens,
                            placement.slots_per_rank()};
  for (int mb = 0; mb < options.micro_batches; ++mb)
    s.shared.exchanges.push_back(std::make_unique<Exchange>(
        space, group, shape,
        options.kind == UnitKind::Prefill ? DispatchMode::PerNode : DispatchMode::Direct,
        options.combine));
  for (int member = 0; member < group.size; ++member)
    s.ranks.push_back(std::make_unique<RankRunner>(
        s.shared, member, options.kv_pages,
        logs.empty() ? nullptr : logs[static_cast<std::size_t>(member)]));
  set_budget(options.budget);
  set_overlap(options.overlap);
  for (const auto& rank : s.ranks)
    for (int stream = 0; stream < streams_of(options.kind); ++stream)
      s.threads.emplace_back(
          [&s, &rank = *rank, stream] { s.serve(rank, static_cast<StreamId>(stream)); });
}

Unit::~Unit() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

KvCache& Unit::cache(int member) {
  return state_->ranks[static_cast<std::size_t>(member)]->cache();
}
const Group& Unit::group() const {
  return state_->shared.group;
}
const UnitOptions& Unit::options() const {
  return state_->options;
}
const StepLoads& Unit::loads() const {
  return state_->loads;
}
std::uint32_t Unit::steps() const {
  return state_->steps;
}

std::vector<RankOutput> Unit::step(std::span<const RankInput> inputs) {
  State& s = *state_;
  if (inputs.size() != static_cast<std::size_t>(groups()))
    throw std::invalid_argument("a step needs input for every attention group");
  for (std::size_t rank = 0; rank < s.ranks.size(); ++rank)
    s.ranks[rank]->begin(
        inputs[static_cast<std::size_t>(s.shared.groups.of(static_cast<int>(rank)))], s.steps);
  {
    std::unique_lock lock(s.mutex);
    if (s.error) std::rethrow_exception(s.error);
    s.running = static_cast<int>(s.threads.size());
    ++s.generation;
    s.wake.notify_all();
    s.finished.wait(lock, [&] { return s.running == 0; });
    if (s.error) std::rethrow_exception(s.error);
  }
  ++s.steps;
  s.sum_loads();
  std::vector<RankOutput> outputs(inputs.size());
  for (std::size_t rank = 0; rank < s.ranks.size(); ++rank)
    outputs[static_cast<std::size_t>(s.shared.groups.of(static_cast<int>(rank)))].append(
        s.ranks[rank]->take_output());
  return outputs;
}

void Unit::set_overlap(bool overlap) {
  const ModelConfig& config = state_->shared.model->config;
  state_->options.overlap = overlap;
  state_->schedule = make_schedule(state_->options.kind, overlap, state_->options.micro_batches,
                                   config.layers, config.dense_layers);
}

WorkerBudget Unit::set_budget(WorkerBudget requested) {
  State& s = *state_;
  const int computing = streams_of(s.options.kind) - 1;
  s.options.budget = requested;
  s.granted.workers = std::clamp(requested.workers, computing + 1, 256);
  s.granted.communication = std::clamp(requested.communication, 1, s.granted.workers - computing);
  const int rest = s.granted.workers - s.granted.communication;
  const int attention = computing == 1 ? rest : (rest + 1) / 2;
  for (const auto& rank : s.ranks) {
    rank->team(StreamId::Communication).resize(0, s.granted.communication);
    rank->team(StreamId::Compute).resize(s.granted.communication, attention);
    if (computing > 1)
      rank->team(StreamId::Experts).resize(s.granted.communication + attention, rest - attention);
  }
  return s.granted;
}

WorkerBudget Unit::granted_budget() const {
  return state_->granted;
}

}  // namespace moescope::runtime
