#include "gpu/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>

#include "core/error.h"
#include "gpu/engine/tensor_layout.h"
#include "gpu/engine/worker_team.h"

namespace moescope::runtime {
namespace {

using std::chrono::milliseconds;

/// A request on its way through the units.
struct Active {
  Request request;
  int group = 0;  ///< attention group of the unit it is in
  int micro_batch = 0;
  KvSequence sequence;
  std::vector<int> output;
  std::int64_t arrival = 0, first_token = 0;
};
using ActivePtr = std::shared_ptr<Active>;

int best_token(const float* logits, int vocab) {
  return static_cast<int>(std::max_element(logits, logits + vocab) - logits);
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::vector<int> node_table(const EngineOptions& o) {
  std::vector<int> table;
  for (int unit = 0; unit < 2; ++unit)
    for (const int node : Group{0, o.ranks / 2, o.nodes}.node_table()) table.push_back(node);
  return table;
}

void check(const EngineOptions& o, const ModelConfig& config) {
  if (o.ranks < 2 || o.ranks % 2 != 0)
    throw Error("layout", "--ranks",
                fmt::format("{} ranks cannot be split into a prefill and a decode unit", o.ranks),
                "give an even number of ranks");
  if (o.nodes < 1 || o.ranks / 2 % o.nodes != 0)
    throw Error("layout", "--nodes",
                fmt::format("the {} ranks of a unit cannot be spread evenly over {} nodes",
                            o.ranks / 2, o.nodes));
  check_tensor_parallel(config, {0, o.ranks / 2, o.nodes}, o.tp);
  if (config.moe_layers() == 0) throw Error("layout", "", "the model has no MoE layer");
  const int longest = o.workload.prompt_max + o.workload.output_max;
  if (longest > o.max_positions || longest > config.max_positions)
    throw Error("workload", "prompt and output",
                fmt::format("together may reach {} tokens, the limit is {}", longest,
                            std::min(o.max_positions, config.max_positions)));
  if (o.workload.prompt_max > o.group_tokens())
    throw Error("workload", "prompt",
                fmt::format("may have {} tokens, a micro-batch holds {}", o.workload.prompt_max,
                            o.group_tokens()));
}

}  // namespace

struct Engine::State {
  State(std::shared_ptr<const Model> m, const EngineOptions& o, Processes* processes)
      : model(std::move(m)),
        options(o),
        space(node_table(o), processes, rank_hosts(o, processes)),
        workload(o.workload, model->config.vocab) {}

  std::shared_ptr<const Model> model;
  EngineOptions options;
  AddressSpace space;
  Workload workload;
  Recorder* recorder = nullptr;
  std::unique_ptr<Unit> prefill, decode;
  bool keep = false;
  std::int64_t start = 0;

  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> steps{0};
  std::mutex mutex;  ///< guards what the two loops hand to each other
  std::condition_variable handed;
  std::deque<ActivePtr> hand_overs;
  std::vector<std::pair<int, KvSequence>> releases;  ///< [group] pages whose copy is done
  std::exception_ptr error;

  // Of the prefill loop.
  std::deque<ActivePtr> waiting;
  std::uint64_t arrived = 0, prompt_tokens = 0;
  // Of the decode loop, and under the mutex.
  std::vector<ActivePtr> running;
  std::vector<double> ttft, tpot;
  std::uint64_t finished = 0, output_tokens = 0, in_target = 0;
  std::vector<std::pair<Request, std::vector<int>>> outputs;

  void prefill_loop();
  bool prefill_step();
  void decode_loop();
  void admit();
  bool hand_over(const ActivePtr& active);
  void decode_step();
  void retire();
  void finish(const Active& active);
  void note_step(Unit& unit, int first_rank, std::int64_t begin, int requests, int tokens);
  void copy_pages(int from, int to, const KvSequence& source, const KvSequence& copy, int tokens);
  void guard(const std::function<void()>& loop);
  EngineStatistics follow();
  /// Which pages of an attention group are taken.
  static KvCache& book(Unit& unit, int group) { return unit.cache(unit.first_member(group)); }
};

void Engine::State::guard(const std::function<void()>& loop) {
  try {
    loop();
  } catch (...) {
    std::lock_guard lock(mutex);
    if (!error) error = std::current_exception();
  }
  stopping = true;
  handed.notify_all();
}

/// Lends the ranks of this process to the first one until that is done.
EngineStatistics Engine::State::follow() {
  std::thread other([&] { guard([&] { prefill->follow(); }); });
  guard([&] { decode->follow(); });
  other.join();
  if (error) std::rethrow_exception(error);
  return {};
}

void Engine::State::note_step(Unit& unit, int first_rank, std::int64_t begin, int requests,
                              int tokens) {
  ++steps;
  if (recorder == nullptr) return;
  const std::int64_t now = steady_now();
  const UnitKind kind = unit.options().kind;
  recorder->add_step({kind, unit.steps() - 1, begin, now, requests, tokens});
  std::vector<int> ranks;
  for (int member = 0; member < unit.group().size; ++member) ranks.push_back(first_rank + member);
  recorder->add_loads(kind, unit.loads(), ranks, model->config.dense_layers, now);
}

void Engine::State::prefill_loop() {
  while (!stopping) {
    const std::int64_t now = steady_now() - start;
    while (workload.next_arrival() <= now) {
      auto active = std::make_shared<Active>();
      active->request = workload.next();
      active->arrival = start + active->request.arrival;
      waiting.push_back(std::move(active));
      ++arrived;
    }
    {
      std::lock_guard lock(mutex);
      for (auto& [group, sequence] : releases) book(*prefill, group).release(sequence);
      releases.clear();
    }
    if (prefill_step()) continue;
    const auto pause = std::clamp<std::int64_t>(workload.next_arrival() - now, 100'000, 2'000'000);
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
  }
}

/// Batches waiting prompts on the emptiest groups and runs them; false when there are none.
bool Engine::State::prefill_step() {
  std::vector<RankInput> inputs(static_cast<std::size_t>(prefill->groups()));
  std::vector<ActivePtr> batch;
  while (!waiting.empty()) {
    const ActivePtr& active = waiting.front();
    const int length = static_cast<int>(active->request.prompt.size());
    int group = -1, mb = 0;
    for (int g = 0; g < prefill->groups(); ++g)
      for (int b = 0; b < kMaxMicroBatches; ++b) {
        const auto size = [&](int x, int y) {
          return inputs[static_cast<std::size_t>(x)].micro_batches[y].size();
        };
        if (size(g, b) + length <= options.group_tokens() &&
            (group < 0 || size(g, b) < size(group, mb))) {
          group = g;
          mb = b;
        }
      }
    if (group < 0 || !book(*prefill, group).reserve(active->sequence, length)) break;
    active->group = group;
    active->micro_batch = mb;
    auto& input = inputs[static_cast<std::size_t>(group)].micro_batches[mb];
    for (int t = 0; t < length; ++t)
      input.add(active->request.prompt[static_cast<std::size_t>(t)], &active->sequence, t,
                active->request.id);
    input.sampled.push_back(input.size() - 1);
    batch.push_back(active);
    waiting.pop_front();
  }
  if (batch.empty()) return false;
  const std::int64_t begin = steady_now();
  const auto outputs_of_step = prefill->step(inputs);
  const std::int64_t now = steady_now();
  std::vector<std::array<int, kMaxMicroBatches>> next(inputs.size());
  int tokens = 0;
  for (const ActivePtr& active : batch) {
    const auto group = static_cast<std::size_t>(active->group);
    const auto mb = static_cast<std::size_t>(active->micro_batch);
    const float* logits = outputs_of_step[group].logits[mb].data() +
                          static_cast<std::ptrdiff_t>(next[group][mb]++) * model->config.vocab;
    active->output.push_back(best_token(logits, model->config.vocab));
    active->first_token = now;
    active->sequence.length = static_cast<int>(active->request.prompt.size());
    tokens += active->sequence.length;
  }
  prompt_tokens += static_cast<std::uint64_t>(tokens);
  note_step(*prefill, 0, begin, static_cast<int>(batch.size()), tokens);
  {
    std::lock_guard lock(mutex);
    hand_overs.insert(hand_overs.end(), batch.begin(), batch.end());
  }
  handed.notify_one();
  return true;
}

void Engine::State::decode_loop() {
  while (!stopping) {
    admit();
    retire();
    if (!running.empty()) {
      decode_step();
      continue;
    }
    std::unique_lock lock(mutex);
    handed.wait_for(lock, milliseconds(5), [&] { return stopping || !hand_overs.empty(); });
  }
}

void Engine::State::admit() {
  for (;;) {
    ActivePtr active;
    {
      std::lock_guard lock(mutex);
      if (hand_overs.empty()) return;
      active = hand_overs.front();
    }
    if (!hand_over(active)) return;  // no room: they wait where they are
    std::lock_guard lock(mutex);
    hand_overs.pop_front();
  }
}

/// Gives a request to the emptiest decode group, whose ranks fetch its pages from their prefill
/// counterparts; false when there is no room.
bool Engine::State::hand_over(const ActivePtr& active) {
  std::vector<int> load(static_cast<std::size_t>(decode->groups() * kMaxMicroBatches));
  for (const ActivePtr& other : running)
    ++load[static_cast<std::size_t>(other->group * kMaxMicroBatches + other->micro_batch)];
  const int place = static_cast<int>(std::min_element(load.begin(), load.end()) - load.begin());
  if (load[static_cast<std::size_t>(place)] >= options.group_tokens()) return false;
  const int group = place / kMaxMicroBatches, source = active->group;
  KvSequence copy;
  const int length = static_cast<int>(active->request.prompt.size());
  if (!book(*decode, group).reserve(copy, length + active->request.output_length)) return false;
  for (int i = 0; i < options.tp; ++i)
    copy_pages(prefill->first_member(source) + i, decode->first_member(group) + i, active->sequence,
               copy, length);
  {
    std::lock_guard lock(mutex);
    releases.emplace_back(source, active->sequence);
  }
  copy.length = length;
  active->sequence = copy;
  active->group = group;
  active->micro_batch = place % kMaxMicroBatches;
  running.push_back(active);
  return true;
}

/// Member `to` of the decode unit reads the pages that member `from` of the prefill unit holds.
void Engine::State::copy_pages(int from, int to, const KvSequence& source, const KvSequence& copy,
                               int tokens) {
  const std::int64_t begin = steady_now();
  const int by = decode->group().first + to;
  KvCache& target = decode->cache(to);
  KvCache& held = prefill->cache(from);
  const std::size_t bytes = target.page_floats() * sizeof(float);
  std::uint64_t total = 0;
  for (int layer = 0; layer < target.layers(); ++layer)
    for (std::size_t i = 0; i < source.pages.size(); ++i) {
      const auto* page = reinterpret_cast<std::byte*>(held.page(layer, source.pages[i]));
      const auto offset = static_cast<std::size_t>(page - held.memory().data());
      space.read(by, {from, prefill->kv_window(), offset},
                 {reinterpret_cast<std::byte*>(target.page(layer, copy.pages[i])), bytes},
                 Purpose::KvCache);
      total += bytes;
    }
  if (recorder == nullptr) return;
  SpanRecord span{begin, steady_now(), SpanName::KvHandOver, -1, -1, decode->steps(), tokens};
  (space.link(by, from) == Link::Ib ? span.ib_bytes : span.nvlink_bytes) = total;
  recorder->log(static_cast<std::size_t>(by))->streams[kLogStreams - 1].push(span);
}

void Engine::State::decode_step() {
  std::vector<RankInput> inputs(static_cast<std::size_t>(decode->groups()));
  for (const ActivePtr& active : running) {
    auto& input =
        inputs[static_cast<std::size_t>(active->group)].micro_batches[active->micro_batch];
    input.add(active->output.back(), &active->sequence, active->sequence.length,
              active->request.id);
    input.sampled.push_back(input.size() - 1);
  }
  const std::int64_t begin = steady_now();
  const auto results = decode->step(inputs);
  std::vector<std::array<int, kMaxMicroBatches>> next(inputs.size());
  for (const ActivePtr& active : running) {
    const auto group = static_cast<std::size_t>(active->group);
    const auto mb = static_cast<std::size_t>(active->micro_batch);
    const float* logits = results[group].logits[mb].data() +
                          static_cast<std::ptrdiff_t>(next[group][mb]++) * model->config.vocab;
    active->output.push_back(best_token(logits, model->config.vocab));
    ++active->sequence.length;
  }
  note_step(*decode, decode->group().first, begin, static_cast<int>(running.size()),
            static_cast<int>(running.size()));
  retire();
}

/// Lets go of the requests that have all their tokens.
void Engine::State::retire() {
  std::erase_if(running, [&](const ActivePtr& active) {
    if (static_cast<int>(active->output.size()) < active->request.output_length) return false;
    finish(*active);
    book(*decode, active->group).release(active->sequence);
    return true;
  });
}

void Engine::State::finish(const Active& active) {
  const std::int64_t now = steady_now();
  const auto count = active.output.size();
  const double first = static_cast<double>(active.first_token - active.arrival) / 1e9;
  const double each = count > 1 ? static_cast<double>(now - active.first_token) / 1e9 /
                                      static_cast<double>(count - 1)
                                : 0;
  ttft.push_back(first);
  if (count > 1) tpot.push_back(each);
  ++finished;
  output_tokens += count;
  in_target += first <= options.ttft_target && each <= options.tpot_target;
  if (keep) outputs.emplace_back(active.request, active.output);
  if (recorder != nullptr)
    recorder->add_request({active.request.id, active.request.topic,
                           static_cast<int>(active.request.prompt.size()), static_cast<int>(count),
                           active.arrival, active.first_token, now});
}

std::vector<int> rank_hosts(const EngineOptions& options, const Processes* processes) {
  const int size = options.ranks / 2, count = processes == nullptr ? 1 : processes->size();
  if (count > size)
    throw Error("mpirun", fmt::format("{} processes", count),
                fmt::format("a unit has {} ranks, every process hosts at least one", size),
                "start fewer processes or ask for more --ranks");
  std::vector<int> hosts;
  for (int rank = 0; rank < options.ranks; ++rank)
    hosts.push_back(host_of(rank % size, size, count));
  return hosts;
}

std::vector<RecordedRank> recorded_ranks(const EngineOptions& options, const ModelConfig& config) {
  check(options, config);
  const auto nodes = node_table(options);
  std::vector<RecordedRank> ranks;
  for (int rank = 0; rank < options.ranks; ++rank) {
    const UnitKind kind = rank < options.ranks / 2 ? UnitKind::Prefill : UnitKind::Decode;
    const int least = kind == UnitKind::Prefill ? 2 : 3;
    ranks.push_back({rank, nodes[static_cast<std::size_t>(rank)], kind,
                     std::max(options.budget.workers, least)});
  }
  return ranks;
}

Engine::Engine(std::shared_ptr<const Model> model, const EngineOptions& options,
               const std::optional<Placement>& placement, Recorder* recorder,
               const Hosting& hosting) {
  check(options, model->config);
  state_ = std::make_unique<State>(std::move(model), options, hosting.processes);
  State& s = *state_;
  s.recorder = recorder;
  const ModelConfig& config = s.model->config;
  const int size = options.ranks / 2;
  const Placement plan =
      placement ? *placement : Placement::contiguous(config.moe_layers(), config.experts, size);
  UnitOptions unit;
  unit.combine = options.combine;
  unit.overlap = options.overlap;
  unit.tp = options.tp;
  unit.max_tokens = options.max_tokens;
  unit.max_positions = options.max_positions;
  unit.kv_pages = options.kv_pages;
  unit.budget = options.budget;
  std::vector<RankLog*> logs;
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(options.ranks); ++rank)
    if (recorder != nullptr)
      logs.push_back(recorder->log(rank));
    else if (hosting.logs != nullptr)
      logs.push_back(hosting.logs->log(rank));
  const std::span<RankLog* const> all(logs);
  const auto part = [&](int first) {
    return all.empty()
               ? all
               : all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
  };
  unit.kind = UnitKind::Prefill;
  s.prefill =
      std::make_unique<Unit>(s.model, s.space, Group{0, size, options.nodes}, unit, plan, part(0));
  unit.kind = UnitKind::Decode;
  s.decode = std::make_unique<Unit>(s.model, s.space, Group{size, size, options.nodes}, unit, plan,
                                    part(size));
}

Engine::~Engine() = default;

const std::vector<std::pair<Request, std::vector<int>>>& Engine::outputs() const {
  return state_->outputs;
}

EngineStatistics Engine::run(const RunLimit& limit, Progress& progress) {
  State& s = *state_;
  if (s.space.processes() != nullptr && !s.space.processes()->first()) return s.follow();
  s.keep = keep_outputs_;
  s.start = steady_now();
  std::thread prefill([&] { s.guard([&] { s.prefill_loop(); }); });
  std::thread decode([&] { s.guard([&] { s.decode_loop(); }); });
  double fraction = 0;
  while (!s.stopping) {
    const double seconds = static_cast<double>(steady_now() - s.start) / 1e9;
    if (limit.seconds > 0) fraction = seconds / limit.seconds;
    if (limit.steps > 0)
      fraction =
          std::max(fraction, static_cast<double>(s.steps) / static_cast<double>(limit.steps));
    if (fraction >= 1) break;
    if (progress.cancelled()) break;
    progress.report(fraction, "serving");
    std::this_thread::sleep_for(milliseconds(5));
  }
  s.stopping = true;
  s.handed.notify_all();
  prefill.join();
  decode.join();
  if (s.error) std::rethrow_exception(s.error);
  EngineStatistics result;
  result.prefill_steps = s.prefill->steps();
  result.decode_steps = s.decode->steps();
  result.arrived = s.arrived;
  result.finished = s.finished;
  result.prompt_tokens = s.prompt_tokens;
  result.output_tokens = s.output_tokens;
  result.seconds = static_cast<double>(steady_now() - s.start) / 1e9;
  result.ttft_p50 = quantile(s.ttft, 0.5);
  result.ttft_p95 = quantile(s.ttft, 0.95);
  result.tpot_p50 = quantile(s.tpot, 0.5);
  result.tpot_p95 = quantile(s.tpot, 0.95);
  result.within_target =
      s.finished > 0 ? static_cast<double>(s.in_target) / static_cast<double>(s.finished) : 0;
  result.traffic = s.space.total_traffic();
  return result;
}

}  // namespace moescope::runtime
