#include "gpu/engine/unit/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "gpu/base/clock.h"
#include "gpu/base/thread_state.h"
#include "gpu/compute/local_forward.h"
#include "gpu/engine/placement/active_slots.h"
#include "gpu/engine/rank/tensor_layout.h"
#include "gpu/engine/unit/unit_state.h"
#include "gpu/model/attention_shard.h"

namespace moescope::runtime {
namespace {

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
  if (options.route_shared && config.shared_experts == 0)
    throw Error("layout", "shared expert", "the model has none that could be routed");
  const int experts = logical_experts(config, options.route_shared);
  if (config.moe_layers() > 0 && placement.experts() != experts)
    throw Error("layout", "plan",
                fmt::format("the plan places {} experts, the model has {}{}", placement.experts(),
                            experts, options.route_shared ? " with the shared one" : ""));
  if (options.active_slots > 0) check_active_slots(placement, options.active_slots);
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
    shared.tensor.push_back(std::make_unique<TensorExchange>(
        *shared.space, shared.group, shared.groups, options.tp * options.max_tokens, config.hidden,
        shared.links.get()));
}

}  // namespace

void Unit::State::add_exchanges() {
  const ModelConfig& config = shared.model->config;
  const int experts = logical_experts(config, options.route_shared);
  const ExchangeShape shape{config.hidden, config.top_k + (options.route_shared ? 1 : 0),
                            options.max_tokens, shared.stride};
  const auto mode =
      options.kind == UnitKind::Prefill ? DispatchMode::PerNode : DispatchMode::Direct;
  for (int mb = 0; mb < options.micro_batches; ++mb) {
    shared.exchanges.push_back(host_exchange(
        *shared.space, {shared.group, shape, mode, options.combine}, shared.links.get()));
    if (options.active_slots > 0)
      shared.counts.push_back(std::make_unique<CountBoard>(*shared.space, shared.group, experts));
  }
  ExchangeShape probe = shape;
  probe.max_tokens = std::min(shape.max_tokens, kProbeRows);
  shared.probe_exchange =
      host_exchange(*shared.space, {shared.group, probe, mode, CombineMode::Ordered});
}

/// The pools of all members, in memory that all processes see: the first one copies experts.
void Unit::State::add_pools() {
  const ModelConfig& config = shared.model->config;
  const int width = std::max(config.expert_width, shared.route_shared ? config.shared_width() : 0);
  std::vector<std::size_t> bytes(static_cast<std::size_t>(shared.space->ranks()));
  for (int member = 0; member < shared.group.size; ++member)
    bytes[static_cast<std::size_t>(shared.group.first + member)] =
        WeightPool::bytes(config.hidden, width, shared.stride);
  weights = shared.space->add_window(bytes);
  for (int member = 0; member < shared.group.size; ++member)
    pools.push_back(
        std::make_unique<WeightPool>(config.hidden, width, shared.stride,
                                     shared.space->local(shared.group.first + member, weights)));
}

void Unit::State::fail(std::exception_ptr what, const std::string& reason) {
  {
    std::lock_guard lock(mutex);
    if (!error) error = what;
  }
  shared.space->abort(reason);
  abort_boards();
}

void Unit::State::abort_boards() {
  for (const auto& rank : ranks) rank->board().abort();
}

/// A stream of a rank: does its items of every step in order.
void Unit::State::serve(RankRunner& rank, StreamId stream) {
  Activity& activity = rank.activity(stream);
  activity.thread = static_cast<std::int32_t>(this_thread());
  Activity::current = &activity;
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
        const std::int64_t ready = rank.board().wait_for(item);
        const InsidePart inside(activity);
        rank.run(stream, item, ready);
        rank.board().done(item);
      }
    } catch (const Aborted&) {
      abort_boards();
    } catch (const std::exception& failure) {
      fail(std::current_exception(), failure.what());
    }
    std::lock_guard lock(mutex);
    if (--running == 0) finished.notify_one();
  }
}

void Unit::State::add_loads(const StepLoads& part) {
  const auto add = [](std::vector<std::vector<std::uint32_t>>& sum, const auto& counts) {
    sum.resize(counts.size());
    for (std::size_t layer = 0; layer < counts.size(); ++layer) {
      sum[layer].resize(counts[layer].size());
      for (std::size_t i = 0; i < counts[layer].size(); ++i) sum[layer][i] += counts[layer][i];
    }
  };
  add(loads.logical, part.logical);
  add(loads.physical, part.physical);
}

/// Caches of all members in memory that all processes see: the first one hands requests over.
void Unit::State::add_caches() {
  std::vector<std::size_t> bytes(static_cast<std::size_t>(shared.space->ranks()));
  for (int member = 0; member < shared.group.size; ++member)
    bytes[static_cast<std::size_t>(shared.group.first + member)] =
        KvCache::bytes(shared.attention, options.kv_pages);
  kv_window = shared.space->add_window(bytes);
  for (int member = 0; member < shared.group.size; ++member)
    caches.push_back(
        std::make_unique<KvCache>(shared.attention, options.kv_pages,
                                  shared.space->local(shared.group.first + member, kv_window)));
}

void Unit::State::start_threads() {
  for (const auto& rank : ranks)
    for (int stream = 0; stream < streams_of(options.kind); ++stream)
      threads.emplace_back(
          [this, &rank = *rank, stream] { serve(rank, static_cast<StreamId>(stream)); });
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
  s.shared.tables = {SlotTable::first(placement), SlotTable::first(placement)};
  s.shared.epoch = options.epoch;
  s.shared.tables[options.epoch % 2].epoch = options.epoch;
  s.shared.route_shared = options.route_shared;
  s.shared.active_slots = options.active_slots;
  s.shared.faults = options.faults;
  const int places = placement.layers() * placement.slots_per_rank() + options.spare_places;
  s.shared.stride = places;
  s.shared.space = &space;
  s.shared.group = group;
  s.shared.kind = options.kind;
  if (space.processes() == nullptr || space.processes()->far() == nullptr)
    s.shared.links = std::make_unique<PacedLinks>(group.first, group.size);
  share_attention(s.shared, options);
  s.shared.operators = cpu_operators(s.shared.attention);
  s.add_exchanges();
  s.add_caches();
  s.add_pools();
  for (int member = 0; member < group.size; ++member) {
    const auto m = static_cast<std::size_t>(member);
    if (space.here(group.first + member))
      s.ranks.push_back(std::make_unique<RankRunner>(s.shared, member, *s.caches[m], *s.pools[m],
                                                     logs.empty() ? nullptr : logs[m]));
  }
  if (space.processes() != nullptr) {
    space.processes()->barrier();  // all pools are filled
    s.link = std::make_unique<UnitLink>(space);
  }
  s.apply_budget(options.budget);
  s.apply_overlap(options.overlap);
  s.start_threads();
}

Unit::~Unit() {
  try {
    if (state_->link && state_->link->leads()) state_->tell(UnitCommand::Stop, {});
  } catch (const Aborted&) {  // the others know
  }
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

KvCache& Unit::cache(int member) {
  return *state_->caches[static_cast<std::size_t>(member)];
}
WindowId Unit::kv_window() const {
  return state_->kv_window;
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

/// Runs a step on the ranks of this process.
void Unit::State::run_here(std::span<const RankInput> inputs) {
  for (const auto& rank : ranks)
    rank->begin(inputs[static_cast<std::size_t>(shared.groups.of(rank->member()))], steps);
  std::unique_lock lock(mutex);
  if (error) std::rethrow_exception(error);
  running = static_cast<int>(threads.size());
  ++generation;
  wake.notify_all();
  finished.wait(lock, [&] { return running == 0; });
  if (error) std::rethrow_exception(error);
  if (shared.space->aborted()) throw Aborted();
  ++steps;
  loads = {};
  for (const auto& rank : ranks) add_loads({rank->logical_loads(), rank->physical_loads()});
}

std::vector<RankOutput> Unit::step(std::span<const RankInput> inputs) {
  State& s = *state_;
  if (inputs.size() != static_cast<std::size_t>(groups()))
    throw std::invalid_argument("a step needs input for every attention group");
  try {
    if (s.link) {
      MessageWriter rest;
      rest.put(s.shared.probing);
      write_inputs(rest, inputs, s.route_size());
      s.tell(UnitCommand::Step, rest);
    }
    s.run_here(inputs);
    return s.collect(inputs.size());
  } catch (const Aborted&) {
    throw Error("run", "", s.shared.space->abort_reason());
  }
}

void Unit::set_overlap(bool overlap) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(overlap);
    state_->tell(UnitCommand::Overlap, rest);
  }
  state_->apply_overlap(overlap);
}

void Unit::State::apply_overlap(bool overlap) {
  const ModelConfig& config = shared.model->config;
  options.overlap = overlap;
  schedule = make_schedule(options.kind, overlap, options.micro_batches, config.layers,
                           config.dense_layers, options.order);
}

void Unit::set_order(DecodeOrder order) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(order);
    state_->tell(UnitCommand::Order, rest);
  }
  state_->apply_order(order);
}

void Unit::State::apply_order(DecodeOrder order) {
  options.order = order;
  apply_overlap(options.overlap);
}

WorkerBudget Unit::set_budget(WorkerBudget requested) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(requested);
    state_->tell(UnitCommand::Budget, rest);
  }
  state_->apply_budget(requested);
  return state_->granted;
}

void Unit::State::apply_budget(WorkerBudget requested) {
  const int computing = streams_of(options.kind) - 1;
  options.budget = requested;
  granted.workers = std::clamp(requested.workers, computing + 1, 256);
  granted.communication = std::clamp(requested.communication, 1, granted.workers - computing);
  const int rest = granted.workers - granted.communication;
  const int attention = computing == 1 ? rest : (rest + 1) / 2;
  for (const auto& rank : ranks) {
    rank->team(StreamId::Communication).resize(0, granted.communication);
    rank->team(StreamId::Compute).resize(granted.communication, attention);
    if (computing > 1)
      rank->team(StreamId::Experts).resize(granted.communication + attention, rest - attention);
  }
  apply_rank_cores(rank_cores);
}

void Unit::set_links(const LinkRates& rates) {
  if (!has_links())
    throw Error("links", "", "cannot be paced when ranks on several hosts share no memory",
                "use --pace off");
  if (state_->link) {
    MessageWriter rest;
    rest.put(rates);
    state_->tell(UnitCommand::Links, rest);
  }
  state_->shared.links->set_rates(rates);
}

LinkRates Unit::links() const {
  return has_links() ? state_->shared.links->rates() : LinkRates{};
}

void Unit::set_rank_cores(double cores) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(cores);
    state_->tell(UnitCommand::Cores, rest);
  }
  state_->apply_rank_cores(cores);
}

double Unit::rank_cores() const {
  return state_->rank_cores;
}

void Unit::State::apply_rank_cores(double cores) {
  rank_cores = cores;
  shared.worker_cores = cores / granted.workers;
  if (shared.worker_cores >= 1) shared.worker_cores = 0;  // no worker is faster than a core
}

bool Unit::has_links() const {
  return state_->shared.links != nullptr;
}

Unit::TrialTimes Unit::trial_times() const {
  const State& s = *state_;
  const double each = 1e-6 / static_cast<double>(std::max<std::size_t>(s.ranks.size(), 1));
  const auto computed = [&](StreamId stream) {
    return each * static_cast<double>(s.shared.computed[static_cast<std::size_t>(stream)]);
  };
  return {has_links() ? each * static_cast<double>(s.shared.links->slept()) : 0,
          computed(StreamId::Compute), computed(StreamId::Experts)};
}

std::int64_t Unit::travel(int from, Unit& receiver, int to, std::size_t bytes) {
  const std::int64_t now = steady_now();
  if (!has_links() || !receiver.has_links()) return now;
  PacedLinks &out = *state_->shared.links, &in = *receiver.state_->shared.links;
  const Link link = state_->shared.space->link(from, to);
  return std::max(now, in.arrive(to, out.depart(from, link, bytes, now)));
}

void Unit::set_trial(bool trial) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(trial);
    state_->tell(UnitCommand::Trial, rest);
  }
  state_->apply_trial(trial);
}

void Unit::State::apply_trial(bool trial) {
  shared.trial = trial;
  if (!trial) steps = 0;
}

std::vector<RankOutput> Unit::ordered_step(std::span<const RankInput> inputs) {
  state_->shared.probing = true;
  auto outputs = step(inputs);
  state_->shared.probing = false;
  return outputs;
}

std::vector<RankThreads> Unit::rank_threads() const {
  std::vector<RankThreads> result;
  for (const auto& rank : state_->ranks) {
    RankThreads& one = result.emplace_back();
    one.rank = state_->shared.group.first + rank->member();
    for (int i = 0; i < streams_of(state_->options.kind); ++i) {
      const auto stream = static_cast<StreamId>(i);
      one.streams.push_back({&rank->activity(stream), [runner = rank.get(), stream] {
                               auto threads = runner->team(stream).worker_threads();
                               threads.push_back(runner->activity(stream).thread.load());
                               return threads;
                             }});
    }
  }
  return result;
}

const SlotTable& Unit::table() const {
  return state_->shared.table();
}
WeightPool& Unit::pool(int member) {
  return *state_->pools[static_cast<std::size_t>(member)];
}
int Unit::places() const {
  return state_->shared.stride;
}
WindowId Unit::weights_window() const {
  return state_->weights;
}

void Unit::stage(SlotTable table) {
  if (state_->link) {
    MessageWriter rest;
    write_table(rest, table);
    state_->tell(UnitCommand::Stage, rest);
  }
  state_->apply_table(std::move(table));
}

void Unit::State::apply_table(SlotTable table) {
  if (table.epoch != shared.epoch + 1)
    throw std::invalid_argument("a staged table must be of the next epoch");
  shared.tables[table.epoch % 2] = std::move(table);
}

void Unit::share_moved(std::span<const Move> moves) {
  const UnitShared& shared = state_->shared;
  if (shared.space->processes() != nullptr) return;
  for (const Move& move : moves) {
    const Mlp& expert = shared.expert(move.layer, move.expert);
    const auto bytes = std::as_bytes(std::span(expert.data));
    const auto held = pool(move.to).content(move.place, bytes.size());
    if (std::memcmp(held.data(), bytes.data(), bytes.size()) != 0)
      throw Error("plan",
                  fmt::format("layer {}, expert {}", shared.model->config.dense_layers + move.layer,
                              move.expert),
                  fmt::format("the weights that rank {} holds are not those of the model",
                              shared.group.first + move.to));
    pool(move.to).share(move.place, expert);
  }
}

void Unit::flip(std::uint64_t epoch) {
  if (state_->link) {
    MessageWriter rest;
    rest.put(epoch);
    state_->tell(UnitCommand::Flip, rest);
  }
  state_->apply_epoch(epoch);
}

void Unit::State::apply_epoch(std::uint64_t epoch) {
  if (epoch % 2 == shared.epoch % 2)
    throw std::invalid_argument("a flip changes the parity of the epoch");
  shared.epoch = epoch;
  shared.tables[epoch % 2].epoch = epoch;
}

WorkerBudget Unit::take_observed_budget() {
  WorkerBudget seen{0, 0};
  for (const auto& rank : state_->ranks) {
    // The thread of a stream works also where nothing is split.
    int all = 0;
    for (int i = 0; i < streams_of(state_->options.kind); ++i) {
      const auto stream = static_cast<StreamId>(i);
      const int widest = std::max(rank->team(stream).take_widest(), 1);
      if (stream == StreamId::Communication)
        seen.communication = std::max(seen.communication, widest);
      all += widest;
    }
    seen.workers = std::max(seen.workers, all);
  }
  return seen;
}

WorkerBudget Unit::granted_budget() const {
  return state_->granted;
}

}  // namespace moescope::runtime
