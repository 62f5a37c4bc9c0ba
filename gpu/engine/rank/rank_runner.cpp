#include "gpu/engine/rank/rank_runner.h"

#include <algorithm>

#include "gpu/base/clock.h"
#include "gpu/engine/placement/active_slots.h"
#include "gpu/engine/rank/rank_scope.h"

namespace moescope::runtime {
namespace {}  // namespace

RankRunner::RankRunner(UnitShared& shared, int member, KvCache& cache, WeightPool& pool,
                       RankLog* log)
    : shared_(shared), member_(member), own_log_(log), cache_(cache), pool_(pool) {
  const ModelConfig& config = shared_.model->config;
  for (int stream = 0; stream < kStreams; ++stream) {
    WorkerObserver observer;
    if (own_log_ != nullptr)
      observer = [this, stream](int worker, std::int64_t begin, std::int64_t end) {
        observe(static_cast<StreamId>(stream), worker, begin, end);
      };
    teams_[static_cast<std::size_t>(stream)] =
        std::make_unique<WorkerTeam>(stream, 1, std::move(observer));
  }
  fill_pool();
  logical_.resize(static_cast<std::size_t>(config.moe_layers()));
  physical_.resize(static_cast<std::size_t>(config.moe_layers()));
}

/// Ranks of one process share the model's weights; what others must be able to read is a copy.
void RankRunner::fill_pool() {
  const SlotTable& table = shared_.table();
  const int per_rank = table.placement.slots_per_rank();
  const bool alone = shared_.space->processes() == nullptr;
  for (int layer = 0; layer < shared_.model->config.moe_layers(); ++layer)
    for (int slot = 0; slot < per_rank; ++slot) {
      const Mlp& mlp =
          shared_.expert(layer, table.placement.expert(layer, member_ * per_rank + slot));
      const int place =
          table.places[static_cast<std::size_t>(member_)][static_cast<std::size_t>(layer)]
                      [static_cast<std::size_t>(slot)];
      alone ? pool_.share(place, mlp) : pool_.put(place, mlp);
    }
}

void RankRunner::observe(StreamId stream, int worker, std::int64_t begin, std::int64_t end) {
  const int index = worker - team(stream).first_worker();
  auto& held = held_[static_cast<std::size_t>(stream)];
  if (index < 0 || index >= static_cast<int>(held.size())) return;
  WorkerRecord& record = held[static_cast<std::size_t>(index)];
  if (record.end == 0) record.begin = begin;
  record.end = end;
}

void RankRunner::begin(const RankInput& input, std::uint32_t step) {
  input_ = &input;
  step_ = step;
  log_ = shared_.trial ? nullptr : own_log_;
  output_ = {};
  const ModelConfig& config = shared_.model->config;
  const auto logical = static_cast<std::size_t>(logical_experts(config, shared_.route_shared));
  for (auto& counts : logical_) counts.assign(logical, 0);
  for (auto& counts : physical_)
    counts.assign(static_cast<std::size_t>(shared_.table().placement.slots()), 0);
  for (int mb = 0; mb < kMaxMicroBatches; ++mb) {
    const MicroBatch& all = input.micro_batches[mb];
    const auto [first, last] = shared_.groups.share(all.size(), shared_.groups.index(member_));
    own_[static_cast<std::size_t>(mb)] = all.part(first, last);
    const int rows = last - first;
    Buffers& b = buffers_[static_cast<std::size_t>(mb)];
    for (auto* buffer : {&b.x, &b.norm, &b.attention, &b.combined, &b.shared})
      buffer->assign(at(rows, config.hidden), 0.0F);
  }
  board_.reset();
}

RankOutput RankRunner::take_output() {
  return std::move(output_);
}

void RankRunner::run(StreamId stream, const Item& item, std::int64_t ready) {
  std::int64_t& begin = span_begin_[static_cast<std::size_t>(stream)];
  begin = std::max(begin, ready);
  switch (item.part) {
    case Part::Attend:
      return attend(item);
    case Part::Dispatch:
      return dispatch(item);
    case Part::Experts:
      return experts(item);
    case Part::Combine:
      return combine(item);
    case Part::Head:
      return head(item);
  }
}

void RankRunner::gate(const Item& item, const LayerWeights& layer) {
  Buffers& b = buffers(item);
  const int n = rows(item);
  {
    Scope scope(*this, StreamId::Compute, SpanName::Gate, item, n);
    route(item, layer);
    if (shared_.active_slots == 0 || shared_.probing) choose_slots(item);
  }
  const bool serial = item.turn >= 0;
  if (!serial) board_.reached(item);  // dispatch begins while the shared expert computes
  if (shared_apart()) {
    Scope scope(*this, StreamId::Compute, SpanName::SharedExpert, item, n);
    shared_.operators->swiglu(b.norm.data(), n, layer.shared, b.shared.data(), compute());
  }
  if (serial) board_.reached(item);
}

/// Which experts every row goes to, and with which weights.
void RankRunner::route(const Item& item, const LayerWeights& layer) {
  Buffers& b = buffers(item);
  const MicroBatch& input = batch(item);
  const ModelConfig& config = shared_.model->config;
  const int n = rows(item), moe = moe_layer(item.layer), k = config.top_k;
  if (input.routes.empty()) {
    shared_.operators->gate(layer, b.norm.data(), n, b.routing.view(n, k), compute());
  } else {
    b.routing.experts.clear();
    for (const std::uint16_t* route : input.routes)
      b.routing.experts.insert(b.routing.experts.end(), route + at(moe, k), route + at(moe + 1, k));
    shared_.operators->weigh(layer, b.norm.data(), n, b.routing.view(n, k), compute());
  }
  auto& counts = logical_[static_cast<std::size_t>(moe)];
  b.picks.clear();
  for (int r = 0; r < n; ++r) {
    const auto first = b.routing.experts.begin() + static_cast<std::ptrdiff_t>(at(r, k));
    b.picks.insert(b.picks.end(), first, first + k);
    if (shared_.route_shared) b.picks.push_back(config.experts);
  }
  for (const int expert : b.picks) ++counts[static_cast<std::size_t>(expert)];
  b.choices.clear();
  for (int r = 0; r < n; ++r)
    for (int j = 0; j < picks(); ++j)
      b.choices.push_back(
          {0, j, j == k ? 1.0F : b.routing.weights[at(r, k) + static_cast<std::size_t>(j)]});
}

/// One of an expert's replicas for every row: by the token's key, or the one the input names.
void RankRunner::choose_slots(const Item& item) {
  Buffers& b = buffers(item);
  const MicroBatch& input = batch(item);
  const Placement& placement = shared_.table().placement;
  const int moe = moe_layer(item.layer);
  for (int r = 0; r < rows(item); ++r) {
    const auto row = static_cast<std::size_t>(r);
    const auto key = token_key(input.requests[row], input.rows[row].position, item.layer);
    for (Choice& choice : choices(b, r)) {
      const int expert = b.picks[at(r, picks()) + static_cast<std::size_t>(choice.order)];
      const auto& replicas = placement.replicas(moe, expert);
      choice.slot = dispatched_slot(
          input.replicas.empty()
              ? placement.choose(moe, expert, key)
              : replicas[static_cast<std::size_t>(input.replicas[row]) % replicas.size()]);
    }
  }
}

/// Likewise under dynamic redundancy: the counts of all ranks decide which replicas are active in
/// this layer; every rank solves the same problem and takes its own tokens' part of the answer.
void RankRunner::choose_active_slots(const Item& item) {
  Buffers& b = buffers(item);
  const Placement& placement = shared_.table().placement;
  std::vector<std::uint32_t> own(static_cast<std::size_t>(placement.experts()));
  for (const int expert : b.picks) ++own[static_cast<std::size_t>(expert)];
  const auto gathered =
      shared_.counts[static_cast<std::size_t>(item.micro_batch)]->gather(member_, own);
  const ActiveSlots active(placement, moe_layer(item.layer), shared_.active_slots, gathered.total);
  std::vector<std::uint32_t> next = gathered.before;
  for (int r = 0; r < rows(item); ++r)
    for (Choice& choice : choices(b, r)) {
      const int expert = b.picks[at(r, picks()) + static_cast<std::size_t>(choice.order)];
      choice.slot = dispatched_slot(active.slot(expert, next[static_cast<std::size_t>(expert)]++));
    }
}

void RankRunner::dispatch(const Item& item) {
  Buffers& b = buffers(item);
  if (shared_.active_slots > 0 && !shared_.probing) {
    Scope scope(*this, StreamId::Communication, SpanName::DispatchPlan, item, rows(item));
    choose_active_slots(item);
  }
  b.moe = {b.norm.data(),
           {b.choices.data(), rows(item), picks()},
           static_cast<std::uint32_t>(shared_.table().epoch)};
  run_stages(item);
  board_.reached(item);
}

/// Does the stages of a dispatch or combine, each recorded.
void RankRunner::run_stages(const Item& item) {
  Buffers& b = buffers(item);
  const MoeDriver driver(*shared_.operators, exchange(item));
  for (const MoeStep& step : kMoeSteps) {
    if (step.part != item.part || !driver.has(step.stage)) continue;
    const bool own = step.stage == MoeStage::Send || step.stage == MoeStage::Collect;
    const int tokens = own ? rows(item) : step.stage == MoeStage::Return ? b.arrived : 0;
    Scope scope(*this, StreamId::Communication, step.span, item, tokens);
    driver.run(step.stage, member_, b.moe, team(StreamId::Communication));
  }
}

/// Weights of a local slot of a MoE layer.
MlpView RankRunner::slot_weights(std::size_t moe, int slot) const {
  const SlotTable& table = shared_.table();
  const ModelConfig& config = shared_.model->config;
  const int expert = table.placement.expert(static_cast<int>(moe),
                                            member_ * table.placement.slots_per_rank() + slot);
  return pool_.view(
      table.places[static_cast<std::size_t>(member_)][moe][static_cast<std::size_t>(slot)],
      expert == config.experts ? config.shared_width() : config.expert_width);
}

void RankRunner::experts(const Item& item) {
  compute_experts(item, shared_.kind == UnitKind::Decode ? StreamId::Experts : StreamId::Compute);
  board_.reached(item);
}

void RankRunner::compute_experts(const Item& item, StreamId stream) {
  Buffers& b = buffers(item);
  const int per_rank = shared_.table().placement.slots_per_rank();
  const auto moe = static_cast<std::size_t>(moe_layer(item.layer));
  const MoeDriver driver(*shared_.operators, exchange(item));
  Scope scope(*this, stream, SpanName::Experts, item, 0);
  driver.run(MoeStage::Group, member_, b.moe, team(stream));
  const std::int32_t* offsets = b.moe.arrived.offsets;
  b.arrived = offsets[shared_.stride];
  scope.set_tokens(b.arrived);
  b.experts.clear();
  for (int slot = 0; slot < per_rank; ++slot) {
    b.experts.push_back(slot_weights(moe, slot));
    physical_[moe][static_cast<std::size_t>(member_ * per_rank + slot)] +=
        static_cast<std::uint32_t>(offsets[slot + 1] - offsets[slot]);
  }
  b.expert_outputs.resize(at(b.arrived, shared_.model->config.hidden));
  b.moe.experts = b.experts;
  b.moe.outputs = b.expert_outputs.data();
  driver.run(MoeStage::Experts, member_, b.moe, team(stream));
}

void RankRunner::combine(const Item& item) {
  Buffers& b = buffers(item);
  b.moe.sum = b.combined.data();
  run_stages(item);
  end_layer(item);
  board_.reached(item);
}

void RankRunner::head(const Item& item) {
  compute_logits(item);
  board_.reached(item);
}

void RankRunner::compute_logits(const Item& item) {
  const Model& model = *shared_.model;
  Buffers& b = buffers(item);
  const auto& sampled = batch(item).sampled;
  const int hidden = model.config.hidden, n = static_cast<int>(sampled.size());
  Scope scope(*this, StreamId::Compute, SpanName::Head, item, n);
  if (model.config.moe_layers() > 0) enter_layer(item);
  std::vector<float> last(at(n, hidden)), norm(at(n, hidden));
  for (int i = 0; i < n; ++i)
    std::copy_n(b.x.data() + at(sampled[static_cast<std::size_t>(i)], hidden), hidden,
                last.data() + at(i, hidden));
  shared_.operators->rms_norm(last.data(), n, model.weights.final_norm, model.config.norm_eps,
                              norm.data(), compute());
  auto& logits = output_.logits[item.micro_batch];
  logits.resize(at(n, model.config.vocab));
  shared_.operators->linear(norm.data(), n, model.weights.output_head(), logits.data(), compute());
}

void RankRunner::end_layer(const Item& item) {
  if (log_ == nullptr) return;
  SpanRecord record{buffers(item).layer_begin,
                    steady_now(),
                    SpanName::Layer,
                    static_cast<std::int16_t>(item.layer),
                    static_cast<std::int8_t>(item.micro_batch),
                    step_,
                    rows(item)};
  log_->micro_batches[static_cast<std::size_t>(item.micro_batch)].push(record);
}

}  // namespace moescope::runtime
